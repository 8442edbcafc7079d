"""The events of a conversation's log: each has its place there, and can be read again."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chatproject.common.wire import Moment
from conversations.wire import ConversationState, Member
from messaging.wire.messages import MessageState, Reactions

Seq = Annotated[int, Meta(description="The place in the conversation's log; none is missing, ignore one you have.")]


class Durable(msgspec.Struct, tag_field="type", kw_only=True):
    conversation_id: UUID
    seq: Seq
    ts: Moment | UnsetType = UNSET


class MessageData(msgspec.Struct):
    message: MessageState


class KeyNews(msgspec.Struct):
    """The line of a member's key log that changed their devices."""

    number: int
    kind: Literal["added", "rotated", "reset", "removed"]
    device_id: UUID


class MemberData(msgspec.Struct):
    member: Member
    actor_id: UUID | None
    changed: Annotated[str, Meta(description="The field that was changed, in `member.updated`.")] | UnsetType = UNSET
    key_change: KeyNews | UnsetType = UNSET


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
    """A member's role or nickname is another now, or until when they are silenced; or, end to end, `devices`: this
    place is the conversation's `roster_seq` now, as it is after `member.added` and `member.removed`."""

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
