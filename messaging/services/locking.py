"""What every action on a message does: find it, lock its conversation, and write the change into the log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from common.compiled import CompiledQuery, Parameter
from common.errors import not_found
from conversations.log import Kind, append_change, publish_change
from conversations.models import Change, Conversation, Membership
from conversations.services.locking import lock_conversation, refuse_frozen
from messaging.models import Message
from messaging.reading.log import change_frame


def lock_message(actor: User, message_id: UUID) -> tuple[Membership, Message]:
    """Lock the conversation of a message that the actor can see and that is not deleted. Returns the actor's membership
    and the message. Refuses `not_found`, and `read_only` if the conversation is frozen."""
    conversation_id = _conversation_of.first(user=actor.pk, id=message_id)
    if conversation_id is None:
        raise not_found()
    conversation = lock_conversation(conversation_id)
    membership = Membership.objects.of(actor, conversation.id)
    membership.conversation = conversation
    message = Message.objects.shown().filter(id=message_id, deleted_at__isnull=True).first()
    if message is None or message.seq <= membership.visible_from_seq:
        raise not_found()
    refuse_frozen(conversation)
    message.conversation = conversation
    return membership, message


@CompiledQuery
def _conversation_of() -> QuerySet[Message, UUID]:
    visible = Message.objects.visible_to(Parameter("user")).filter(id=Parameter("id"))
    return visible.values_list("conversation_id", flat=True)


def change_message(
    membership: Membership, message: Message, kind: Change.Kind, moment: datetime | None = None, **fields: Any
) -> None:
    """Write these fields of a locked message with the next seq of the log, and publish the change."""
    write_change(membership.conversation, membership.user, message, kind, moment or timezone.now(), **fields)


def write_change(
    conversation: Conversation, actor: User | None, message: Message, kind: Change.Kind, moment: datetime, **fields: Any
) -> None:
    """Like `change_message`, for an actor who is not a member, or for none."""
    change = append_change(conversation, kind, actor=actor, message_id=message.id, about_seq=message.seq)
    for name, value in {**fields, "changed_seq": change.seq}.items():
        setattr(message, name, value)
    message.save(update_fields=[*fields, "changed_seq"])
    publish_change(change, change_frame(change, message, conversation.history))


def recount_thread(conversation: Conversation, actor: User | None, root_id: UUID, by: int) -> None:
    """Change the reply count of a thread by this much, and publish its first message."""
    root = Message.objects.shown().get(id=root_id)
    root.conversation = conversation
    count = max(0, root.reply_count + by)
    write_change(conversation, actor, root, Kind.MESSAGE_UPDATED, timezone.now(), reply_count=count)
