"""Going whatever one's role: what becomes of the conversations of somebody who is erased, or whom operators remove."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation, Membership
from conversations.services.members import change_member, go

Role = Membership.Role


def leave_everything(user: User) -> None:
    """Take somebody out of all their conversations, one after the other, so that none waits long. Where they are the
    last owner, the oldest admin becomes one, else the oldest member. Repeating it changes nothing."""
    mine = Membership.objects.filter(user=user, left_at__isnull=True).order_by("conversation_id")
    for conversation_id in list(mine.values_list("conversation_id", flat=True)):
        with transaction.atomic():
            _leave(user, conversation_id)
    Membership.objects.filter(user=user).update(nickname="", muted_until=None, silenced_until=None)


def _leave(user: User, conversation_id: UUID) -> None:
    conversation = Conversation.objects.locked(conversation_id).get()
    membership = Membership.objects.filter(conversation=conversation, user=user, left_at__isnull=True).first()
    if membership is None:
        return
    if conversation.deleted_at:
        Membership.objects.filter(pk=membership.pk).update(left_at=timezone.now())
        return
    membership.conversation, membership.user = conversation, user
    _go(membership, user)


def take_out(conversation: Conversation, user: User) -> bool:
    """Take somebody out of a locked group or channel, as an operator. False when they are not in it."""
    membership = Membership.objects.live().filter(conversation=conversation, user=user).first()
    if membership is None or conversation.is_direct:
        return False
    membership.conversation, membership.user = conversation, user
    _go(membership, None)
    return True


def _go(membership: Membership, actor: User | None) -> None:
    if membership.role == Role.OWNER:
        hand_over(membership.conversation, leaving=membership)
    go(membership, actor)


def hand_over(conversation: Conversation, *, leaving: Membership | None = None) -> None:
    """See that a locked conversation has an owner without `leaving`: if need be the oldest admin becomes one, else the
    oldest member."""
    staying = Membership.objects.live().filter(conversation=conversation).select_related("user")
    if leaving:
        staying = staying.exclude(pk=leaving.pk)
    if staying.filter(role=Role.OWNER).exists():
        return
    oldest = staying.order_by("joined_at", "pk")
    heir = oldest.filter(role=Role.ADMIN).first() or oldest.first()
    if heir is None:
        return
    heir.conversation = conversation
    change_member(heir, None, "role", Role.OWNER)
