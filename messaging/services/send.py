"""Sending messages. The writer checks membership, retries, blocks and limits under the conversation's lock."""

from uuid import UUID

from accounts.models import User
from conversations.services import open_direct
from messaging.wire.writing import NewMessage
from messaging.writing.outgoing import Sent
from messaging.writing.writer import writer


def send_message(actor: User, *, conversation_id: UUID, message: NewMessage) -> Sent:
    """Send a message and wait until it is stored.

    Raises `not_found` if the actor is not a member, `blocked`, `rate_limited`, `idempotency_conflict` or `invalid`. The
    same `client_id` and body again return the same message, as it is now.
    """
    message.check()
    return writer.send(actor.id, conversation_id, message)


def send_direct_message(actor: User, *, recipient_id: UUID, message: NewMessage) -> Sent:
    """Send a message to the direct conversation with this user, which is created if it does not exist."""
    message.check()
    conversation, _ = open_direct(actor, user_id=recipient_id)
    return writer.send(actor.id, conversation.id, message)
