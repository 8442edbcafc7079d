"""Messages as they go over the wire, the same over HTTP and the socket."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from accounts.wire import UserRef, person
from chatproject.common.clock import rfc3339
from chatproject.common.wire import Moment
from conversations.models import Conversation
from encryption.wire import Envelope
from media.wire import UploadState
from messaging.models import Message, Revision

QUOTE_SIZE = 200


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

    End to end it is `encrypted`: an `envelope` that was sealed under the `client_id`, or for an edit under the
    `edit_id`, and no content.

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
    """What a message said until it was edited; or the envelope there was, and the `client_id` it was sealed under."""

    content: str
    replaced_at: Moment
    envelope: Envelope | None = None
    client_id: str | None = None


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
        envelope=msgspec.convert(message.envelope, Envelope) if message.envelope else None,
        edit_id=message.edit_id or UNSET,
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


def past_content(revision: Revision) -> PastContent:
    """What a message said before."""
    return PastContent(
        revision.content,
        rfc3339(revision.replaced_at),
        msgspec.convert(revision.envelope, Envelope) if revision.envelope else None,
        revision.client_id or None,
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
