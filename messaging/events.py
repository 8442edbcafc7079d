"""The socket's vocabulary: every event a server sends. The AsyncAPI document is generated from these structs; what is
written on the hot path as prepared bytes has the same shape (a test decodes it into them)."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.wire import MyProfile, UserRef
from chatproject.common.openapi import FieldError
from conversations.wire import ConversationState, Member, OwnMembership
from messaging.wire import MessageState, Reactions
from notifications.wire import NoticeState

Seq = Annotated[int, Meta(description="The place in the conversation's log; none is missing, ignore one you have.")]
MeSeq = Annotated[int, Meta(description="The person's number; after a hole the server sends a fresh `hello`.")]
Timestamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class Error(msgspec.Struct):
    """Why something was refused. `retry_after` is in seconds."""

    code: str
    detail: str
    errors: list[FieldError]
    retry_after: float | UnsetType = UNSET


class Reply(msgspec.Struct, tag_field="type", tag="reply"):
    """The one answer to a frame that carried this `id`: `data` when `ok`, else `error`."""

    id: str | int
    ok: bool
    data: Any = UNSET
    error: Error | UnsetType = UNSET


class ErrorFrame(msgspec.Struct, tag_field="type", tag="error"):
    """A frame without a usable `id` was refused."""

    error: Error


class Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """The answer to `ping`."""


class Durable(msgspec.Struct, tag_field="type", kw_only=True):
    conversation_id: UUID
    seq: Seq
    ts: Timestamp | UnsetType = UNSET


class MessageData(msgspec.Struct):
    message: MessageState


class MemberData(msgspec.Struct):
    member: Member
    actor_id: UUID | None
    changed: Annotated[str, Meta(description="The field that was changed, in `member.updated`.")] | UnsetType = UNSET


class ConversationData(msgspec.Struct):
    conversation: ConversationState
    actor_id: UUID | None


class MessageCreated(Durable, tag="message.created", kw_only=True):
    """Somebody wrote; the sender hears it as well."""

    data: MessageData


class MessageUpdated(Durable, tag="message.updated", kw_only=True):
    """A message was edited: this replaces it."""

    data: MessageData


class MessageDeleted(Durable, tag="message.deleted", kw_only=True):
    """A message was deleted: this tombstone replaces it."""

    data: MessageData


class ReactionData(msgspec.Struct):
    message_id: UUID
    reactions: dict[str, Reactions]
    changed_seq: int
    actor_id: UUID | None


class ReactionAdded(Durable, tag="reaction.added", kw_only=True):
    """Somebody reacted to a message: these are all its reactions now."""

    data: ReactionData


class ReactionRemoved(Durable, tag="reaction.removed", kw_only=True):
    """Somebody took a reaction back: these are all that are left."""

    data: ReactionData


class PinData(msgspec.Struct):
    message_id: UUID
    is_pinned: bool
    changed_seq: int
    actor_id: UUID | None


class MessagePinned(Durable, tag="message.pinned", kw_only=True):
    """A message is pinned, or was then: `is_pinned` says how it is now."""

    data: PinData


class MessageUnpinned(Durable, tag="message.unpinned", kw_only=True):
    """A message is pinned no longer, or was not then: `is_pinned` says how it is now."""

    data: PinData


class MemberAdded(Durable, tag="member.added", kw_only=True):
    """Somebody is a member now."""

    data: MemberData


class MemberUpdated(Durable, tag="member.updated", kw_only=True):
    """A member's role or nickname is another now, or until when they are silenced."""

    data: MemberData


class MemberRemoved(Durable, tag="member.removed", kw_only=True):
    """Somebody left or was removed; they hear nothing from here on."""

    data: MemberData


class ConversationUpdated(Durable, tag="conversation.updated", kw_only=True):
    """The conversation's name, description or policy is another now."""

    data: ConversationData


class ConversationDeleted(Durable, tag="conversation.deleted", kw_only=True):
    """The conversation has ended for everybody."""

    data: ConversationData


class LogSkipped(Durable, tag="log.skipped", kw_only=True):
    """Something happened here that this hearer may not see; the numbers stay whole."""

    data: dict[str, Any] = {}


class Personal(msgspec.Struct, tag_field="type", kw_only=True):
    me_seq: MeSeq
    ts: Timestamp


class AddedData(msgspec.Struct):
    conversation: ConversationState
    membership: OwnMembership


class RemovedData(msgspec.Struct):
    conversation_id: UUID


class ConversationAdded(Personal, tag="conversation.added", kw_only=True):
    """I am in this conversation now, and hear it from its `seq` on. Also when I have set it otherwise: this replaces
    what I held."""

    conversation_id: UUID
    data: AddedData


class ConversationRemoved(Personal, tag="conversation.removed", kw_only=True):
    """I am no longer in this conversation."""

    conversation_id: UUID
    data: RemovedData


class MarkData(msgspec.Struct):
    user_id: UUID
    seq: int
    at: Timestamp


class ReadUpdated(msgspec.Struct, tag_field="type", tag="read.updated", kw_only=True):
    """Somebody has read up to this place. Mine carries `me_seq`; others' are passing and replace what I held."""

    conversation_id: UUID
    data: MarkData
    ts: Timestamp
    me_seq: MeSeq | UnsetType = UNSET


class ThreadMarkData(msgspec.Struct):
    conversation_id: UUID
    thread_id: Annotated[UUID, Meta(description="The message that begins the thread.")]
    seq: int


class ThreadRead(Personal, tag="thread.read", kw_only=True):
    """I have read a thread up to this place, on one of my devices. The mark of the conversation is another one."""

    conversation_id: UUID
    data: ThreadMarkData


class NotificationData(msgspec.Struct):
    notification: NoticeState


class NotificationCreated(Personal, tag="notification.created", kw_only=True):
    """I am told something, or again: the same id replaces what I held. Of a conversation that has unread messages
    already I am not told with each further one: `message.created` says it."""

    data: NotificationData


class NotificationReadData(msgspec.Struct):
    notification_id: Annotated[UUID | None, Meta(description="null: all of them, as far as they were shown.")]
    unread: int
    mentions: int


class NotificationRead(Personal, tag="notification.read", kw_only=True):
    """I have read a notification on one of my devices; so many are left."""

    data: NotificationReadData


class KeyData(msgspec.Struct):
    user_id: UUID


class KeyChanged(Personal, tag="key.changed", kw_only=True):
    """The keys of somebody I know, or my own, are others now: fetch them before I encrypt for them again."""

    data: KeyData


class Passing(msgspec.Struct, tag_field="type", kw_only=True):
    ts: Timestamp


class DeliveredUpdated(Passing, tag="delivered.updated", kw_only=True):
    """Everything up to this place has arrived at a device of this person."""

    conversation_id: UUID
    data: MarkData


class TypingUser(msgspec.Struct):
    id: UUID
    username: str


class TypingData(msgspec.Struct):
    users: list[TypingUser]


class TypingUpdated(Passing, tag="typing.updated", kw_only=True):
    """Who is typing here now: replaces the list before, good for 6 seconds."""

    conversation_id: UUID
    data: TypingData


class PresenceData(msgspec.Struct):
    user_id: UUID
    is_online: bool
    last_seen: Timestamp | None


class PresenceUpdated(Passing, tag="presence.updated", kw_only=True):
    """Whether a watched person is online."""

    data: PresenceData


class UserData(msgspec.Struct):
    user: UserRef


class UserUpdated(Passing, tag="user.updated", kw_only=True):
    """Somebody I share a conversation with has another name or picture; this replaces what I held. Channels of more
    than 100 members are not told: look again at whom you show, with the members or with `users/{id}/`."""

    data: UserData


class Waiting(msgspec.Struct):
    messages: int
    conversations: int
    mentions: int


class Limits(msgspec.Struct):
    """What the server accepts: characters of content, bytes of metadata, of frames and of the largest file, files of a
    message, messages and frames per time."""

    content: int
    metadata_bytes: int
    frame_bytes: int
    upload_bytes: int
    attachments: int
    messages: str
    frames: str


class HelloConversation(msgspec.Struct):
    id: UUID
    seq: int
    visible_from_seq: Annotated[
        int, Meta(description="Drop what you hold up to here: it is not yours to see any more.")
    ]
    unread_count: int
    mention_count: int
    last_read_seq: int


class HelloData(msgspec.Struct):
    user: MyProfile
    session_id: UUID
    epoch: str
    me_seq: MeSeq
    ping_interval: Annotated[int, Meta(description="Seconds after which a silent client should `ping`.")]
    limits: Limits
    unread: Waiting
    conversations: Annotated[list[HelloConversation], Meta(description="The 200 with the latest activity.")]
    has_more: bool
    blocked_ids: Annotated[list[UUID], Meta(description="Whom I block: fold their messages.")]


class Hello(Passing, tag="hello", kw_only=True):
    """The socket is signed in (or something was missed): this replaces what I held. What comes after each `seq` is
    heard from here on; a `sync` sent at once is answered before anything newer."""

    data: HelloData


class SyncedConversation(msgspec.Struct):
    head: int
    has_more: bool


class SyncCompleteData(msgspec.Struct):
    conversations: dict[str, SyncedConversation]


class SyncComplete(Passing, tag="sync.complete", kw_only=True):
    """Everything asked for was sent. Where `has_more`, read on with `log/`."""

    data: SyncCompleteData


class SyncResetData(msgspec.Struct):
    reason: str
    conversations: list[UUID] | UnsetType = UNSET


class SyncReset(Passing, tag="sync.reset", kw_only=True):
    """These positions (all, or those of `conversations`) mean nothing here: take a fresh snapshot."""

    data: SyncResetData


EVENTS = (
    Hello
    | Reply
    | ErrorFrame
    | Pong
    | MessageCreated
    | MessageUpdated
    | MessageDeleted
    | ReactionAdded
    | ReactionRemoved
    | MessagePinned
    | MessageUnpinned
    | MemberAdded
    | MemberUpdated
    | MemberRemoved
    | ConversationUpdated
    | ConversationDeleted
    | LogSkipped
    | ConversationAdded
    | ConversationRemoved
    | ReadUpdated
    | ThreadRead
    | NotificationCreated
    | NotificationRead
    | KeyChanged
    | DeliveredUpdated
    | TypingUpdated
    | PresenceUpdated
    | UserUpdated
    | SyncComplete
    | SyncReset
)
