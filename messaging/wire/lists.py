"""The rows of the lists over HTTP, besides messages."""

from uuid import UUID

import msgspec

from accounts.wire import UserRef
from common.wire import Moment
from conversations.wire import ConversationState, OwnMembership
from messaging.wire.messages import MessageState


class ConversationRow(ConversationState):
    """A conversation in the caller's list. `peer` is the other user of a direct conversation, whose name is shown as
    its `name`."""

    peer: UserRef | None
    unread_count: int
    mention_count: int
    last_message: MessageState | None
    membership: OwnMembership
    capabilities: list[str]


class Hit(msgspec.Struct):
    """A message that a search found. `snippet` is about 200 characters of plain text around the first match;
    `highlights` are the positions in the snippet where matches begin and end, counted in Unicode characters. `rank` is
    1 to 3: one more if the last search term is a whole word there, one more if all terms follow each other in order."""

    message: MessageState
    snippet: str
    highlights: list[tuple[int, int]]
    rank: int


class Discovered(ConversationState):
    """A public channel, and whether the caller is a member."""

    is_member: bool


class History(msgspec.Struct):
    """Messages of one conversation, ascending by `seq`, with the URLs of the next and previous page."""

    results: list[MessageState]
    next: str | None
    previous: str | None


class Receipt(msgspec.Struct):
    """A member who has read or received the message, and when."""

    user: UserRef
    at: Moment | None


class Receipts(msgspec.Struct):
    """Who has read a message, and to whom it was delivered. Members who send no read receipts are listed as
    `delivered`."""

    read: list[Receipt]
    delivered: list[Receipt]


class Thread(msgspec.Struct):
    """A page of a thread, ascending by `seq`, with the caller's read mark in it."""

    results: list[MessageState]
    next: str | None
    previous: str | None
    reply_count: int
    last_read_seq: int
    unread_count: int


class ReportState(msgspec.Struct):
    """A report that you made."""

    id: UUID
    status: str
    created_at: Moment


class TypingPerson(msgspec.Struct):
    id: UUID
    username: str


class TypingList(msgspec.Struct):
    """Who is typing in this conversation now."""

    users: list[TypingPerson]


class Unread(msgspec.Struct):
    """Your totals: unread messages, conversations with unread messages, and unread mentions."""

    messages: int
    conversations: int
    mentions: int
