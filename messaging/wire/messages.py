"""Messages as clients receive them, the same over HTTP and the socket."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from accounts.wire import UserRef, person
from common.clock import rfc3339
from common.wire import Moment
from conversations.models import Conversation
from encryption.wire import Envelope
from media.wire import UploadState
from messaging.models import Message, Revision

QUOTE_SIZE = 200


class Quote(msgspec.Struct):
    """The message that is replied to, as far as every member can see it. If it is deleted, or if new members cannot see
    older messages, there are only its `id` and `seq`."""

    id: UUID
    seq: int
    sender: UserRef | None = None
    content: str | None = None
    content_type: str | None = None


class Reactions(msgspec.Struct):
    """One emoji on a message: how many users chose it, and the ids of the first 50."""

    count: int
    user_ids: list[UUID]


class MessageState(msgspec.Struct, kw_only=True):
    """A message as everyone who can see it sees it. Replace your copy by it unless yours has a higher `changed_seq`. If
    both are equal, replace it too, because names and quotes in it may be newer.

    `mentions` are the ids of the mentioned members; `mentions_all` means everyone. `reply_count` is the number of
    replies in the thread that this message starts.

    In an end-to-end encrypted conversation the `content_type` is `encrypted`, and an `envelope` takes the place of the
    content. It was sealed under the `client_id`, or under the `edit_id` if the message was edited.

    `sender` is as it was when this was written. Only HTTP answers have `status`, on your own messages, and `is_folded`,
    on messages of users you block.
    """

    id: UUID
    conversation_id: UUID
    seq: int
    changed_seq: int
    sender: UserRef
    client_id: str
    content_type: str
    content: str
    envelope: Envelope | None = None
    edit_id: str | UnsetType = UNSET
    reply_to: Quote | None = None
    thread_id: UUID | None = None
    reply_count: int = 0
    attachments: list[UploadState] = []
    mentions: list[UUID] = []
    mentions_all: bool = False
    reactions: dict[str, Reactions] = {}
    metadata: dict[str, Any] | None = None
    is_edited: bool = False
    edited_at: Moment | None = None
    is_deleted: bool = False
    is_pinned: bool = False
    created_at: Moment
    status: Literal["sent", "delivered", "read"] | UnsetType = UNSET
    is_folded: bool | UnsetType = UNSET


class PastContent(msgspec.Struct):
    """An earlier version of an edited message: its content, or its envelope and the `client_id` that sealed it."""

    content: str
    replaced_at: Moment
    envelope: Envelope | None = None
    client_id: str | None = None


def message_state(message: Message, history: str) -> MessageState:
    """The state of a message that was read with `shown()`, in a conversation whose history is `all` or `joined`."""
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
        envelope=msgspec.convert(message.envelope, Envelope) if message.envelope else None,
        edit_id=message.edit_id or UNSET,
        reply_to=quote(message.reply_to, history) if message.reply_to and not deleted else None,
        thread_id=message.thread_id,
        reply_count=message.reply_count,
        mentions=[UUID(id_) for id_ in message.mentions or ()],
        mentions_all=message.mentions_all,
        attachments=[msgspec.convert(one, UploadState) for one in message.attachments or ()],
        reactions=reactions_state(message),
        metadata=message.metadata,
        is_edited=message.edited_at is not None,
        edited_at=rfc3339(message.edited_at) if message.edited_at else None,
        is_deleted=deleted,
        is_pinned=message.pinned_at is not None,
        created_at=rfc3339(message.created_at),
    )


def past_content(revision: Revision) -> PastContent:
    """A revision as clients see it."""
    return PastContent(
        revision.content,
        rfc3339(revision.replaced_at),
        msgspec.convert(revision.envelope, Envelope) if revision.envelope else None,
        revision.client_id or None,
    )


def reactions_state(message: Message) -> dict[str, Reactions]:
    """The reactions on a message, in no particular order, because PostgreSQL does not keep it."""
    return {emoji: msgspec.convert(one, Reactions) for emoji, one in (message.reactions or {}).items()}


def quote(message: Message, history: str) -> Quote:
    """What a reply shows of the message it replies to."""
    if message.deleted_at or history == Conversation.History.JOINED:
        return Quote(message.id, message.seq)
    content = message.content[:QUOTE_SIZE]
    return Quote(message.id, message.seq, person(message.sender), content, message.content_type)
