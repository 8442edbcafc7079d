"""What every action on a conversation does first: lock its row, then read the actor's membership again."""

from datetime import UTC, datetime
from uuid import UUID

from common.clock import now
from common.compiled import CompiledQuery, Parameter
from common.errors import Refusal, not_found
from conversations.models import Conversation, Membership
from conversations.models.conversation import ConversationQuerySet
from conversations.policy import WRITING_ACTIONS, may, may_view


def lock_conversation(conversation_id: UUID) -> Conversation:
    """Lock the row of a conversation until the transaction ends, and return it. Refuses `not_found`."""
    conversation = _locked.first(id=conversation_id)
    if conversation is None:
        raise not_found()
    return conversation


@CompiledQuery
def _locked() -> ConversationQuerySet:
    return Conversation.objects.locked(Parameter("id")).filter(deleted_at__isnull=True)


def lock_membership(actor: Membership, action: str) -> Membership:
    """Lock the conversation and read the actor's membership again. Refuses the action if their role does not allow
    it."""
    conversation = lock_conversation(actor.conversation_id)
    membership = Membership.objects.of(actor.user, conversation.id)
    membership.conversation = conversation
    refuse_unless_allowed(membership, action)
    return membership


def refuse_unless_allowed(membership: Membership, action: str) -> None:
    """Refuse an action that this member may not take: with `read_only` if they could take it otherwise, else with
    `permission_denied`."""
    if may(membership, action):
        return
    refuse_frozen(membership.conversation)
    if action in WRITING_ACTIONS and membership.silenced_until and membership.is_silenced:
        raise silenced_refusal(membership.silenced_until)
    raise Refusal("read_only" if action in WRITING_ACTIONS else "permission_denied")


def refuse_unless_may_view(membership: Membership, action: str) -> None:
    """Refuse (`permission_denied`) a list to members whose role does not allow the action that it is about."""
    if not may_view(membership, action):
        raise Refusal("permission_denied")


def refuse_frozen(conversation: Conversation) -> None:
    """Refuse (`read_only`) any action in a conversation that operators have frozen."""
    if conversation.is_frozen:
        raise frozen_refusal()


def frozen_refusal() -> Refusal:
    """The refusal in a conversation that operators have frozen."""
    return Refusal("read_only", "The operators have frozen this conversation: you can read it, but not write in it.")


def silenced_refusal(until: datetime) -> Refusal:
    """The refusal to a member whom a moderator has silenced."""
    detail = f"A moderator has silenced you here until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    return Refusal("read_only", detail, retry_after=max(0.0, round((until - now()).total_seconds(), 3)))


def get_member(conversation: Conversation, user_id: UUID) -> Membership:
    """The membership of another member of a locked conversation. Refuses `not_found`."""
    found = Membership.objects.live().select_related("user").filter(conversation=conversation, user_id=user_id).first()
    if found is None:
        raise not_found()
    found.conversation = conversation
    return found
