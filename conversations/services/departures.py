"""Ending memberships whatever the role: when a user is erased, and when operators remove one."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation, Membership
from conversations.services.members import change_member, end_membership

Role = Membership.Role


def leave_all_conversations(user: User) -> None:
    """End all memberships of a user, each in its own transaction, so that no conversation is locked for long. If the
    user is the last owner, the oldest admin or else the oldest member becomes owner. Repeating it changes nothing."""
    memberships = Membership.objects.filter(user=user, left_at__isnull=True).order_by("conversation_id")
    for conversation_id in list(memberships.values_list("conversation_id", flat=True)):
        with transaction.atomic():
            _leave_conversation(user, conversation_id)
    Membership.objects.filter(user=user).update(nickname="", muted_until=None, silenced_until=None)


def _leave_conversation(user: User, conversation_id: UUID) -> None:
    conversation = Conversation.objects.locked(conversation_id).get()
    membership = Membership.objects.filter(conversation=conversation, user=user, left_at__isnull=True).first()
    if membership is None:
        return
    if conversation.deleted_at:
        Membership.objects.filter(pk=membership.pk).update(left_at=timezone.now())
        return
    membership.conversation, membership.user = conversation, user
    _end_membership(membership, user)


def remove_by_operator(conversation: Conversation, user: User) -> bool:
    """Remove a user from a locked group or channel, as an operator. False if they are not a member."""
    membership = Membership.objects.live().filter(conversation=conversation, user=user).first()
    if membership is None or conversation.is_direct:
        return False
    membership.conversation, membership.user = conversation, user
    _end_membership(membership, None)
    return True


def _end_membership(membership: Membership, actor: User | None) -> None:
    if membership.role == Role.OWNER:
        ensure_owner(membership.conversation, leaving=membership)
    end_membership(membership, actor)


def ensure_owner(conversation: Conversation, *, leaving: Membership | None = None) -> None:
    """Make sure that a locked conversation has an owner other than `leaving`: if not, the oldest admin becomes owner,
    or else the oldest member."""
    remaining = Membership.objects.live().filter(conversation=conversation).select_related("user")
    if leaving:
        remaining = remaining.exclude(pk=leaving.pk)
    if remaining.filter(role=Role.OWNER).exists():
        return
    oldest = remaining.order_by("joined_at", "pk")
    successor = oldest.filter(role=Role.ADMIN).first() or oldest.first()
    if successor is None:
        return
    successor.conversation = conversation
    change_member(successor, None, "role", Role.OWNER)
