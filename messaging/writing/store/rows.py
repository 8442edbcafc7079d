"""What goes into a store and comes out of it, and what a store can do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID


class StillLocked(Exception):
    """Somebody else held a lock for longer than was waited. The connection is as good as before."""


class Head(NamedTuple):
    """A locked conversation: where its numbers stand."""

    id: UUID
    seq: int
    number: int
    kind: str
    history: str
    is_read_only: bool
    is_frozen: bool
    slow_mode_seconds: int
    encryption: str
    roster_seq: int


class Asked(NamedTuple):
    """What must be known of one message before it may go in."""

    conversation_id: UUID
    sender_id: UUID
    client_id: str
    reply_to_id: UUID | None
    thread_id: UUID | None
    is_direct: bool


class Known(NamedTuple):
    """What the database says to an `Asked`, by its index `n`.

    `role` is None for strangers. `message_*` is the message that used this `client_id` before. `reply_*` is the message
    that is answered; `reply_seq` is None when this member may not see it, and the rest says nothing then. `thread_seq`
    is the place of the thread's first message, None when it cannot be one.
    """

    n: int
    role: str | None
    username: str
    full_name: str
    avatar_url: str
    is_blocked: bool
    last_sent_at: datetime | None
    silenced_until: datetime | None
    message_id: UUID | None
    message_hash: bytes | None
    reply_seq: int | None
    reply_content: str
    reply_sender_id: UUID
    reply_username: str
    reply_full_name: str
    reply_avatar_url: str
    thread_seq: int | None
    reply_content_type: str


class Row(NamedTuple):
    """A message to keep."""

    id: UUID
    conversation_id: UUID
    seq: int
    number: int
    sender_id: UUID
    client_id: str
    body_hash: bytes
    content_type: str
    content: str
    words: str
    metadata: str | None
    reply_to_id: UUID | None
    thread_id: UUID | None
    mentions: list[UUID]
    mentions_all: bool
    attachments: str | None
    envelope: str | None
    created_at: datetime
    marks_read: bool


class Attached(NamedTuple):
    """An upload in a message, at its position there."""

    upload_id: UUID
    conversation_id: UUID
    message_id: UUID
    seq: int
    position: int


class Store(Protocol):
    """One database's way of keeping a batch. Used by one thread, on that thread's own connection."""

    def transaction(self, wait_ms: int) -> Any:
        """A context manager: commits, or rolls back when its body raises. Locks are waited for `wait_ms` at most;
        with 0, rows that somebody else has locked are passed over."""

    def lock(self, conversation_ids: Sequence[UUID]) -> list[Head]:
        """The heads of these conversations, locked in id order; without those passed over or not there. Raises
        `StillLocked` when the wait was too long."""

    def look(self, asked: Sequence[Asked]) -> list[Known]:
        """What is known about each."""

    def keep(self, rows: Sequence[Row]) -> None:
        """Insert messages with their mentions; move on their conversations' heads and their senders' own marks: the
        read mark of who says that they have read nothing only where nothing of others lies before the message."""

    def attach(self, attached: Sequence[Attached]) -> None:
        """Insert what messages carry."""

    def count_reply(self, row: Row, place: int) -> None:
        """Count a message in its thread: the thread's first one changes, at this place of the log. The head may be
        beyond it already: `keep` has moved it on for all of the batch."""
