"""What the lists over HTTP are made of, beside messages."""

from uuid import UUID

import msgspec

from accounts.wire import UserRef
from chatproject.common.wire import Moment
from conversations.wire import ConversationState, OwnMembership
from messaging.wire.messages import MessageState


class ConversationRow(ConversationState):
    """A conversation as the caller sees it in their list. `peer` is the other person of a direct conversation, whose
    name stands in for its `name`."""

    peer: UserRef | None
    unread_count: int
    mention_count: int
    last_message: MessageState | None
    membership: OwnMembership
    capabilities: list[str]


class Hit(msgspec.Struct):
    """A message that a search found. `snippet` is the plain text around the first word found, some 200 characters of
    it; `highlights` are where in the snippet such words begin and end, counted in Unicode characters. `rank` is 1 to 3:
    one more when the last word stands in it whole, one more when all stand together in this order."""

    message: MessageState
    snippet: str
    highlights: list[tuple[int, int]]
    rank: int


class Discovered(ConversationState):
    """A public channel, and whether the caller is in it."""

    is_member: bool


class History(msgspec.Struct):
    """Messages of one conversation, ascending by `seq`, with the addresses of the pages around them."""

    results: list[MessageState]
    next: str | None
    previous: str | None


class Receipt(msgspec.Struct):
    """A member whose mark stands at or behind the message, and since when."""

    user: UserRef
    at: Moment | None


class Receipts(msgspec.Struct):
    """Who has read a message, and whose devices have it; those who show nobody what they read are among the latter."""

    read: list[Receipt]
    delivered: list[Receipt]


class Thread(msgspec.Struct):
    """A page of a thread, ascending by `seq`, with the caller's own mark in it."""

    results: list[MessageState]
    next: str | None
    previous: str | None
    reply_count: int
    last_read_seq: int
    unread_count: int


class ReportState(msgspec.Struct):
    """A report of mine."""

    id: UUID
    status: str
    created_at: Moment


class TypingPerson(msgspec.Struct):
    id: UUID
    username: str


class TypingList(msgspec.Struct):
    """Who is typing here now."""

    users: list[TypingPerson]


class Unread(msgspec.Struct):
    """What waits: unread messages, conversations that have some, mentions."""

    messages: int
    conversations: int
    mentions: int
