"""What clients that were away are given."""

import msgspec

from messaging.wire.lists import ConversationRow
from messaging.wire.messages import MessageState


class Log(msgspec.Struct):
    """Everything durable after a place, as socket events, at most 500. With `reset`, take a fresh snapshot."""

    entries: list[msgspec.Raw]
    head: int
    has_more: bool
    reset: bool
    epoch: str


class Caught(msgspec.Struct):
    """What came since in one conversation, at most 500 entries."""

    entries: list[msgspec.Raw]
    head: int
    has_more: bool
    reset: bool


class CaughtUp(msgspec.Struct):
    """What came since, per conversation. With `reset`, drop everything and take a fresh snapshot."""

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
