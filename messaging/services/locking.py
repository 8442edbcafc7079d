"""What every deed on a message does: find it, lock its conversation, and write its change into the log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from chatproject.common.errors import not_found
from conversations.log import Kind, announce_change, append
from conversations.models import Change, Conversation, Membership
from conversations.services.locking import lock, refuse_frozen
from messaging.models import Message
from messaging.reader import change_frame


def lock_message(actor: User, message_id: UUID) -> tuple[Membership, Message]:
    """A message that the actor may see and that is not deleted, and their membership, under the lock of its
    conversation. Refuses `not_found`, and `read_only` where it is frozen."""
    found = Message.objects.visible_to(actor).filter(id=message_id).values_list("conversation_id", flat=True).first()
    if found is None:
        raise not_found()
    conversation = lock(found)
    membership = Membership.objects.of(actor, conversation.id)
    membership.conversation = conversation
    message = Message.objects.shown().filter(id=message_id, deleted_at__isnull=True).first()
    if message is None or message.seq <= membership.visible_from_seq:
        raise not_found()
    refuse_frozen(conversation)
    message.conversation = conversation
    return membership, message


def change_message(
    membership: Membership, message: Message, kind: Change.Kind, moment: datetime | None = None, **fields: Any
) -> None:
    """Write these fields of a locked message at the next place of the log, and tell it."""
    write_change(membership.conversation, membership.user, message, kind, moment or timezone.now(), **fields)


def write_change(
    conversation: Conversation, actor: User | None, message: Message, kind: Change.Kind, moment: datetime, **fields: Any
) -> None:
    """The same where nobody does it, or nobody who is a member."""
    change = append(conversation, kind, actor=actor, message_id=message.id, about_seq=message.seq)
    for name, value in {**fields, "changed_seq": change.seq}.items():
        setattr(message, name, value)
    message.save(update_fields=[*fields, "changed_seq"])
    announce_change(change, change_frame(change, message, conversation.history))


def recount_thread(conversation: Conversation, actor: User | None, root_id: UUID, by: int) -> None:
    """Count a message more or less in a thread; its first message changes with it."""
    root = Message.objects.shown().get(id=root_id)
    root.conversation = conversation
    count = max(0, root.reply_count + by)
    write_change(conversation, actor, root, Kind.MESSAGE_UPDATED, timezone.now(), reply_count=count)
