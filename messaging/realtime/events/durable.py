"""The events of a conversation's log: each has a seq there, and can be read again."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from common.wire import Moment
from conversations.wire import ConversationState, Member
from messaging.wire.messages import MessageState, Reactions

Seq = Annotated[
    int, Meta(description="The position in the conversation's log. There are no gaps; ignore one you have.")
]


class Durable(msgspec.Struct, tag_field="type", kw_only=True):
    conversation_id: UUID
    seq: Seq
    ts: Moment | UnsetType = UNSET


class MessageData(msgspec.Struct):
    message: MessageState


class KeyNews(msgspec.Struct):
    """The entry of a member's key log that changed their devices."""

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
    """Somebody wrote a message. The sender gets this event too."""

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
    """Somebody removed a reaction: these are all that are left."""

    data: ReactionData


class PinData(msgspec.Struct):
    message_id: UUID
    is_pinned: bool
    changed_seq: int
    actor_id: UUID | None


class MessagePinned(Durable, tag="message.pinned", kw_only=True):
    """A message was pinned. `is_pinned` says whether it still is."""

    data: PinData


class MessageUnpinned(Durable, tag="message.unpinned", kw_only=True):
    """A message was unpinned. `is_pinned` says whether it is pinned again."""

    data: PinData


class MemberAdded(Durable, tag="member.added", kw_only=True):
    """Somebody became a member."""

    data: MemberData


class MemberUpdated(Durable, tag="member.updated", kw_only=True):
    """A member's role or nickname changed, or how long they are silenced; or, end to end, their `devices`: this `seq`
    is now the conversation's `roster_seq`, as it is after `member.added` and `member.removed`."""

    data: MemberData


class MemberRemoved(Durable, tag="member.removed", kw_only=True):
    """Somebody left or was removed. They get no events from here on."""

    data: MemberData


class ConversationUpdated(Durable, tag="conversation.updated", kw_only=True):
    """The conversation's name, description or policy changed."""

    data: ConversationData


class ConversationDeleted(Durable, tag="conversation.deleted", kw_only=True):
    """The conversation was deleted, for everybody."""

    data: ConversationData


class LogSkipped(Durable, tag="log.skipped", kw_only=True):
    """Something happened here that I may not see. It has a `seq`, so that there are no gaps."""

    data: dict[str, Any] = {}
