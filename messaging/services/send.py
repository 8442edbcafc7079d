"""Sending. The writer decides under the conversation's lock: membership, repeats, blocks, limits."""

from uuid import UUID

from accounts.models import User
from conversations.services import open_direct
from messaging.batch import Sent
from messaging.wire.writing import NewMessage
from messaging.writer import writer


def send_message(actor: User, *, conversation_id: UUID, message: NewMessage) -> Sent:
    """Send a message and wait until it is stored.

    Raises `not_found` for strangers, `blocked`, `rate_limited`, `idempotency_conflict` or `invalid`; the same
    `client_id` and body again give the same message, as it is now.
    """
    message.check()
    return writer.send(actor.id, conversation_id, message)


def send_direct_message(actor: User, *, recipient_id: UUID, message: NewMessage) -> Sent:
    """Send into the direct conversation with somebody, which is made if need be."""
    message.check()
    conversation, _ = open_direct(actor, user_id=recipient_id)
    return writer.send(actor.id, conversation.id, message)
