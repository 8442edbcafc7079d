"""Messages as they go over the wire, the same over HTTP and the socket."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.wire import UserRef, person
from chatproject.common.clock import rfc3339
from chatproject.common.errors import invalid
from conversations.models import Conversation
from conversations.wire import ConversationState, OwnMembership
from media.wire import ATTACHMENTS, UploadState
from messaging.mentions import MENTIONS
from messaging.models import Message

CONTENT_SIZE = 10_000
METADATA_BYTES = 4096
QUOTE_SIZE = 200

Content = Annotated[str, Meta(max_length=CONTENT_SIZE)]
ClientId = Annotated[str, Meta(min_length=1, max_length=64)]
AttachmentIds = Annotated[list[UUID], Meta(max_length=ATTACHMENTS)]
MentionIds = Annotated[list[UUID], Meta(max_length=MENTIONS)]
Place = Annotated[int, Meta(ge=0, le=2**62)]


class NewMessage(msgspec.Struct):
    """A message as its sender writes it. `client_id` makes retrying safe; choose a new one per message. `thread_id` is
    the first message of the thread it belongs to. Members are mentioned by `@name` in the text, or by `mention_ids`.
    `attachment_ids` are own uploads for this conversation; with some, the text may be empty, and the first of them
    gives the `content_type`, whatever stands here."""

    content: Content = ""
    client_id: ClientId | None = None
    content_type: Literal["text", "image", "video", "audio", "file"] = "text"
    reply_to_id: UUID | None = None
    thread_id: UUID | None = None
    attachment_ids: AttachmentIds = []
    mention_ids: MentionIds = []
    metadata: dict[str, Any] | None = None

    def check(self) -> None:
        """What the types cannot say: refuses blank text without a file and too much metadata (`invalid`)."""
        if not self.attachment_ids:
            check_content(self.content)
            if self.content_type != "text":
                raise invalid("attachment_ids", f"A message of type {self.content_type} needs a file.", "required")
        if self.metadata is not None and len(msgspec.json.encode(self.metadata)) > METADATA_BYTES:
            raise invalid("metadata", f"Metadata has at most {METADATA_BYTES} bytes.")


class Reaction(msgspec.Struct):
    """An emoji."""

    emoji: Annotated[str, Meta(min_length=1, max_length=64)]


class NewReport(msgspec.Struct):
    """Why the operators should look at it."""

    reason: Literal["spam", "abuse", "violence", "sexual", "illegal", "other"]
    comment: Annotated[str, Meta(max_length=1000)] = ""


class TypingChange(msgspec.Struct):
    """Whether I am typing; good for 6 seconds."""

    is_typing: bool


class MessageChange(msgspec.Struct):
    """The new text of an own message, whom it names besides those in the text, and the files it carries from now on;
    without `attachment_ids` it keeps those it has."""

    content: Content
    mention_ids: MentionIds = []
    attachment_ids: AttachmentIds | UnsetType = UNSET


class Mark(msgspec.Struct):
    """A place in the log: everything up to it was read, or delivered."""

    seq: Place


class Positions(msgspec.Struct):
    """What a client holds: the epoch it was told and, per conversation, the last place it has."""

    epoch: str
    positions: Annotated[dict[UUID, Place], Meta(max_length=1000)]


class Quote(msgspec.Struct):
    """The message that is replied to, as far as everybody in the conversation may see it: where history begins with
    joining, and once it is deleted, only its place."""

    id: UUID
    seq: int
    sender: UserRef | None = None
    content: str | None = None
    content_type: str | None = None


class Reactions(msgspec.Struct):
    """One emoji on a message: how many chose it, and the first 50 of them."""

    count: int
    user_ids: list[UUID]


class MessageState(msgspec.Struct, kw_only=True):
    """A message as it looks to everyone who may see it. It replaces what one holds, unless that has a higher
    `changed_seq`; with an equal one too: names and quotes in it may be newer.

    `mentions` are the ids of members who are named; `mentions_all` stands for everybody. `reply_count` counts the
    thread that this message begins.

    `sender` is as it was when this was written. In HTTP answers alone stand `status`, on own messages, and `is_folded`,
    on those of people the caller blocks.
    """

    id: UUID
    conversation_id: UUID
    seq: int
    changed_seq: int
    sender: UserRef
    client_id: str
    content_type: str
    content: str
    envelope: None = None
    reply_to: Quote | None = None
    thread_id: UUID | None = None
    reply_count: int = 0
    attachments: list[UploadState] = []
    mentions: list[UUID] = []
    mentions_all: bool = False
    reactions: dict[str, Reactions] = {}
    metadata: dict[str, Any] | None = None
    is_edited: bool = False
    edited_at: str | None = None
    is_deleted: bool = False
    is_pinned: bool = False
    created_at: str
    status: Literal["sent", "delivered", "read"] | UnsetType = UNSET
    is_folded: bool | UnsetType = UNSET


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


class PastContent(msgspec.Struct):
    """What a message said until it was edited."""

    content: str
    replaced_at: str


class Receipt(msgspec.Struct):
    """A member whose mark stands at or behind the message, and since when."""

    user: UserRef
    at: str | None


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
    created_at: str


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


def check_content(content: str) -> None:
    """Refuses (`invalid`) text of white space only."""
    if not content.strip():
        raise invalid("content", "A message needs some text.", "required")


def message_state(message: Message, history: str) -> MessageState:
    """A message that was read with `shown()`, in a conversation whose history is `all` or `joined`."""
    deleted = message.deleted_at is not None
    return MessageState(
        id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        changed_seq=message.changed_seq,
        sender=person(message.sender),
        client_id=message.client_id,
        content_type=message.content_type,
        content=message.content,
        reply_to=quote(message.reply_to, history) if message.reply_to and not deleted else None,
        thread_id=message.thread_id,
        reply_count=message.reply_count,
        mentions=[UUID(id_) for id_ in message.mentions or ()],
        mentions_all=message.mentions_all,
        attachments=msgspec.convert(message.attachments or [], list[UploadState]),
        reactions=reactions_state(message),
        metadata=message.metadata,
        is_edited=message.edited_at is not None,
        edited_at=rfc3339(message.edited_at) if message.edited_at else None,
        is_deleted=deleted,
        is_pinned=message.pinned_at is not None,
        created_at=rfc3339(message.created_at),
    )


def reactions_state(message: Message) -> dict[str, Reactions]:
    """The reactions on a message, in no order: PostgreSQL keeps none."""
    return msgspec.convert(message.reactions or {}, dict[str, Reactions])


def quote(message: Message, history: str) -> Quote:
    """What a reply shows of the message it answers."""
    if message.deleted_at or history == Conversation.History.JOINED:
        return Quote(message.id, message.seq)
    content = message.content[:QUOTE_SIZE]
    return Quote(message.id, message.seq, person(message.sender), content, message.content_type)
