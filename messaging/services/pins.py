"""Pinning messages."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from common.action_limits import limited
from common.clock import now
from common.errors import Refusal
from conversations.log import Kind
from conversations.services.locking import refuse_unless_allowed
from messaging.models import Message
from messaging.services.locking import change_message, lock_message

PINS = 100


@limited("RATE_CHANGES")
def pin_message(actor: User, *, message_id: UUID) -> Message:
    """Pin a message for everyone; repeating it changes nothing. Refuses `not_found`, `permission_denied`, and
    `conflict` if too many messages are pinned."""
    with transaction.atomic():
        membership, message = lock_message(actor, message_id)
        refuse_unless_allowed(membership, "pin_messages")
        if message.pinned_at is None:
            if Message.objects.filter(conversation=message.conversation, pinned_at__isnull=False).count() >= PINS:
                raise Refusal("conflict", f"This conversation already has {PINS} pinned messages. Unpin one first.")
            change_message(membership, message, Kind.MESSAGE_PINNED, pinned_at=now())
    return message


@limited("RATE_CHANGES")
def unpin_message(actor: User, *, message_id: UUID) -> Message:
    """Unpin a message; repeating it changes nothing."""
    with transaction.atomic():
        membership, message = lock_message(actor, message_id)
        refuse_unless_allowed(membership, "pin_messages")
        if message.pinned_at is not None:
            change_message(membership, message, Kind.MESSAGE_UNPINNED, pinned_at=None)
    return message
