"""The answers with which a client catches up after it was away."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from common.openapi import reference
from common.wire import Moment
from messaging.wire.lists import ConversationRow
from messaging.wire.messages import MessageState


class LogEntry(msgspec.Struct):
    """One entry of a log, as the socket event of this `type`. `/api/asyncapi/` describes its `data`."""

    type: str
    conversation_id: UUID
    seq: int
    data: dict[str, Any]
    ts: Moment | UnsetType = UNSET


Encoded = Annotated[msgspec.Raw, Meta(extra_json_schema=reference(LogEntry))]
"""A `LogEntry` that is already encoded."""


class Log(msgspec.Struct):
    """Everything durable after a seq, as at most 500 socket events. While `has_more`, ask again after the last one.
    From 0 on you get everything that you can see of a conversation. With `reset`, take a fresh snapshot."""

    entries: list[Encoded]
    head: int
    has_more: bool
    reset: bool
    epoch: str


class Caught(msgspec.Struct):
    """What is new in one conversation, at most 500 entries. If `has_more`, continue with `log/`."""

    entries: list[Encoded]
    head: int
    has_more: bool
    reset: bool


class CaughtUp(msgspec.Struct):
    """What is new in each conversation. With `reset`, discard everything and take a fresh snapshot. Conversations that
    you did not name are listed too, without entries: if `has_more`, read `log/` from your last seq on, or from 0."""

    epoch: str
    reset: bool
    conversations: dict[str, Caught]


class SnapshotRow(ConversationRow):
    """A conversation in a snapshot. `seq` is the head of its log; `messages` are the last ones, ascending."""

    messages: list[MessageState]


class Snapshot(msgspec.Struct):
    """All your conversations with their last messages. `next` is the next page, if there is one."""

    epoch: str
    me_seq: int
    conversations: list[SnapshotRow]
    next: str | None
