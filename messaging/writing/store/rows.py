"""The rows that go into a store and come out of it, and the interface of a store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID


class LockTimeout(Exception):
    """Another transaction held a lock for too long. The connection is still usable."""


class Head(NamedTuple):
    """A locked conversation: its last seq, its last message number and its settings."""

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


class Lookup(NamedTuple):
    """A message, by the keys with which `begin` finds what must be known before it is stored."""

    conversation_id: UUID
    sender_id: UUID
    client_id: str
    reply_to_id: UUID | None
    thread_id: UUID | None


class LookupResult(NamedTuple):
    """What the database knows about the `Lookup` with index `n`.

    `role` is None if the sender is not a member. `message_*` is an earlier message with the same `client_id`. `reply_*`
    is the message replied to; if `reply_seq` is None, this member cannot see it and the other `reply_*` fields mean
    nothing. `thread_seq` is the seq of the thread's first message, None if that message cannot start a thread.
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


class MessageRow(NamedTuple):
    """A message to insert."""

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


class AttachmentRow(NamedTuple):
    """An upload in a message, and its position among the attachments."""

    upload_id: UUID
    conversation_id: UUID
    message_id: UUID
    seq: int
    position: int


class Store(Protocol):
    """Stores batches in one kind of database. Used by one thread, on that thread's own connection."""

    def transaction(self) -> Any:
        """A context manager for `begin` to `commit`. It rolls back if its body raises."""

    def begin(self, asked: Sequence[Lookup], wait_ms: int) -> tuple[list[Head], list[LookupResult]]:
        """Lock the conversations of these messages in id order, then look up what is known about each message, on a
        snapshot that is not older than the locks. Returns the heads, without those of conversations that were skipped
        or do not exist. Waits at most `wait_ms` for a lock, then raises `LockTimeout`; with 0, it skips locked
        conversations."""

    def insert(self, rows: Sequence[MessageRow]) -> None:
        """Insert messages with their mentions, and advance the heads of their conversations and the marks of their
        senders. With `marks_read` false, a read mark advances only if no message of others lies between."""

    def commit(self, rows: Sequence[MessageRow]) -> None:
        """Insert what is left to insert, and commit."""

    def attach(self, attached: Sequence[AttachmentRow]) -> None:
        """Insert the attachments of messages."""

    def count_reply(self, row: MessageRow, seq: int) -> None:
        """Count a reply in its thread, as a change of the thread's first message with this seq. The head may already be
        beyond that seq, because `insert` advances it for the whole batch."""
