"""What every deed on a conversation does first: lock its row, then look at the actor's membership again."""

from datetime import UTC, datetime
from uuid import UUID

from chatproject.common.clock import now
from chatproject.common.errors import Refusal, not_found
from conversations.models import Conversation, Membership
from conversations.policy import FOR_WRITERS, may, may_look


def lock(conversation_id: UUID) -> Conversation:
    """The conversation, its row locked until the transaction ends."""
    conversation = Conversation.objects.locked(conversation_id).filter(deleted_at__isnull=True).first()
    if conversation is None:
        raise not_found()
    return conversation


def lock_for(actor: Membership, action: str) -> Membership:
    """The actor's membership as it is under the lock of its conversation; refuses what their role does not allow."""
    conversation = lock(actor.conversation_id)
    membership = Membership.objects.of(actor.user, conversation.id)
    membership.conversation = conversation
    refuse_unless_allowed(membership, action)
    return membership


def refuse_unless_allowed(membership: Membership, action: str) -> None:
    """Refuses (`permission_denied`, or `read_only` to who could do it otherwise) what this member may not do."""
    if may(membership, action):
        return
    refuse_frozen(membership.conversation)
    if action in FOR_WRITERS and membership.silenced_until and membership.is_silenced:
        raise silenced(membership.silenced_until)
    raise Refusal("read_only" if action in FOR_WRITERS else "permission_denied")


def refuse_unless_shown(membership: Membership, action: str) -> None:
    """Refuses (`permission_denied`) to list what the action is about to whose role does not reach it."""
    if not may_look(membership, action):
        raise Refusal("permission_denied")


def refuse_frozen(conversation: Conversation) -> None:
    """Refuses (`read_only`) whatever is done in a conversation that operators have frozen."""
    if conversation.is_frozen:
        raise frozen()


def frozen() -> Refusal:
    """The refusal to everybody in a conversation that operators have frozen."""
    return Refusal("read_only", "This conversation is frozen: nobody writes here until the operators let them.")


def silenced(until: datetime) -> Refusal:
    """The refusal to whom a moderator lets not write until this moment."""
    detail = f"A moderator lets you not write here until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    return Refusal("read_only", detail, retry_after=max(0.0, round((until - now()).total_seconds(), 3)))


def member_of(conversation: Conversation, user_id: UUID) -> Membership:
    """Another member of a locked conversation."""
    found = Membership.objects.live().select_related("user").filter(conversation=conversation, user_id=user_id).first()
    if found is None:
        raise not_found()
    found.conversation = conversation
    return found
