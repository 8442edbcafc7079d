"""The events of one user, on all their devices. Each takes the next `me_seq`."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from common.wire import Moment
from conversations.wire import ConversationState, OwnMembership
from notifications.wire import NoticeState

MeSeq = Annotated[
    int, Meta(description="The position in the user's own events. After a gap the server sends a fresh `hello`.")
]


class Personal(msgspec.Struct, tag_field="type", kw_only=True):
    me_seq: MeSeq
    ts: Moment


class AddedData(msgspec.Struct):
    conversation: ConversationState
    membership: OwnMembership


class RemovedData(msgspec.Struct):
    conversation_id: UUID


class ConversationAdded(Personal, tag="conversation.added", kw_only=True):
    """I am a member of this conversation now, and get its events from its `seq` on. Also sent when I changed its
    settings: this replaces what I held."""

    conversation_id: UUID
    data: AddedData


class ConversationRemoved(Personal, tag="conversation.removed", kw_only=True):
    """I am no longer a member of this conversation."""

    conversation_id: UUID
    data: RemovedData


class MarkData(msgspec.Struct):
    user_id: UUID
    seq: int
    at: Moment


class ReadUpdated(msgspec.Struct, tag_field="type", tag="read.updated", kw_only=True):
    """Somebody has read up to this `seq`. Mine has a `me_seq`; others' are not stored and replace what I held."""

    conversation_id: UUID
    data: MarkData
    ts: Moment
    me_seq: MeSeq | UnsetType = UNSET


class ThreadMarkData(msgspec.Struct):
    conversation_id: UUID
    thread_id: Annotated[UUID, Meta(description="The message that begins the thread.")]
    seq: int


class ThreadRead(Personal, tag="thread.read", kw_only=True):
    """I have read a thread up to this `seq`, on one of my devices. The conversation has a mark of its own."""

    conversation_id: UUID
    data: ThreadMarkData


class NotificationData(msgspec.Struct):
    notification: NoticeState


class NotificationCreated(Personal, tag="notification.created", kw_only=True):
    """I have a notification, new or updated: the same id replaces what I held. In a conversation that already has
    unread messages there is none for each further message: `message.created` says it."""

    data: NotificationData


class NotificationReadData(msgspec.Struct):
    notification_id: Annotated[UUID | None, Meta(description="null: all of them, as far as they were shown.")]
    unread: int
    mentions: int


class NotificationRead(Personal, tag="notification.read", kw_only=True):
    """I have read a notification on one of my devices. `unread` says how many are left."""

    data: NotificationReadData


class KeyData(msgspec.Struct):
    user_id: UUID


class KeyChanged(Personal, tag="key.changed", kw_only=True):
    """The keys of somebody I know, or my own, changed: fetch them before encrypting for them again."""

    data: KeyData
