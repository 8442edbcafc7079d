"""Editing and deleting: each takes a place in the log and names the message by id, never its text."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from chatproject.common.errors import Refusal, not_found
from conversations.log import Kind, announce_change, append
from conversations.models import Change, Membership
from conversations.people import refuse_if_blocked
from conversations.policy import may, may_act_on
from conversations.services.locking import lock
from messaging.models import Message
from messaging.reader import message_frame
from messaging.wire import check_content


def edit_message(actor: User, *, message_id: UUID, content: str) -> Message:
    """Replace the text of an own message. Deleted messages cannot be found."""
    check_content(content)
    with transaction.atomic():
        membership, message = _lock_message(actor, message_id)
        if message.sender_id != actor.id:
            raise Refusal("permission_denied")
        refuse_if_blocked(membership)
        if message.content != content:
            message.content, message.edited_at = content, timezone.now()
            _change(membership, message, Kind.MESSAGE_UPDATED, message.edited_at)
    return message


def delete_message(actor: User, *, message_id: UUID) -> None:
    """Delete an own message, or as a moderator that of a member: for everybody, for ever. A tombstone stays."""
    with transaction.atomic():
        try:
            membership, message = _lock_message(actor, message_id)
        except Refusal:
            if Message.objects.visible_to(actor).filter(id=message_id, deleted_at__isnull=False).exists():
                return
            raise
        if message.sender_id != actor.id and not _may_moderate(membership, message):
            raise Refusal("permission_denied")
        message.content, message.metadata, message.deleted_at = "", None, timezone.now()
        _change(membership, message, Kind.MESSAGE_DELETED, message.deleted_at)


def _lock_message(actor: User, message_id: UUID) -> tuple[Membership, Message]:
    """A message that the actor may see and that is not deleted, under the lock of its conversation."""
    found = Message.objects.visible_to(actor).filter(id=message_id).values_list("conversation_id", flat=True).first()
    if found is None:
        raise not_found()
    conversation = lock(found)
    membership = Membership.objects.of(actor, conversation.id)
    membership.conversation = conversation
    message = Message.objects.shown().filter(id=message_id, deleted_at__isnull=True).first()
    if message is None:
        raise not_found()
    message.conversation = conversation
    return membership, message


def _may_moderate(membership: Membership, message: Message) -> bool:
    """Whether the actor's role reaches the sender, who may have left."""
    if not may(membership, "delete_messages"):
        return False
    sender = Membership.objects.live().filter(conversation=membership.conversation, user=message.sender_id).first()
    return sender is None or may_act_on(membership, sender)


def _change(membership: Membership, message: Message, kind: Change.Kind, moment: datetime) -> None:
    conversation = membership.conversation
    change = append(conversation, kind, actor=membership.user, message_id=message.id, about_seq=message.seq)
    message.changed_seq = change.seq
    message.save(update_fields=["content", "metadata", "edited_at", "deleted_at", "changed_seq"])
    announce_change(change, message_frame(kind, message, change.seq, moment, conversation.history))
