"""What clients that were away are given."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chatproject.common.openapi import reference
from chatproject.common.wire import Moment
from messaging.wire.lists import ConversationRow
from messaging.wire.messages import MessageState


class LogEntry(msgspec.Struct):
    """One place of a log, as the socket's event of this `type`: `/api/asyncapi/` says what its `data` is."""

    type: str
    conversation_id: UUID
    seq: int
    data: dict[str, Any]
    ts: Moment | UnsetType = UNSET


Encoded = Annotated[msgspec.Raw, Meta(extra_json_schema=reference(LogEntry))]
"""A `LogEntry` that is encoded already."""


class Log(msgspec.Struct):
    """Everything durable after a place, as socket events, at most 500: ask again after the last one while `has_more`.
    From 0 it is all that one may see of a conversation. With `reset`, take a fresh snapshot."""

    entries: list[Encoded]
    head: int
    has_more: bool
    reset: bool
    epoch: str


class Caught(msgspec.Struct):
    """What came since in one conversation, at most 500 entries. Where `has_more`, read on with `log/`."""

    entries: list[Encoded]
    head: int
    has_more: bool
    reset: bool


class CaughtUp(msgspec.Struct):
    """What came since, per conversation. With `reset`, drop everything and take a fresh snapshot. Conversations that
    were not named stand here too, without entries: where `has_more`, read `log/` from the place you hold on, or
    from 0."""

    epoch: str
    reset: bool
    conversations: dict[str, Caught]


class SnapshotRow(ConversationRow):
    """A conversation in a snapshot: its head is `seq`; `messages` are its last ones, ascending."""

    messages: list[MessageState]


class Snapshot(msgspec.Struct):
    """All my conversations with their last messages; `next` when there are more."""

    epoch: str
    me_seq: int
    conversations: list[SnapshotRow]
    next: str | None
