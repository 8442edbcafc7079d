"""People as others see them in conversations: told when they change, folded when they are blocked."""

from collections.abc import Iterable
from uuid import UUID

from accounts import hooks
from accounts.models import Block, User
from accounts.wire import person
from chatproject.common.clock import now
from chatproject.common.publish import Ring, announce, conversation_topic
from conversations.models import Membership, is_small
from conversations.wire import event
from messaging.models import Message


@hooks.person_changed.register
def tell_others(user: User) -> None:
    """`user.updated` to all who share a conversation with them, but a large channel; of somebody erased, also to those
    who did."""
    memberships = Membership.objects.filter(is_small(), user=user, conversation__deleted_at__isnull=True)
    if not user.erased_at:
        memberships = memberships.live()
    frame = event("user.updated", {"user": person(user)}, now())
    shared = memberships.values_list("conversation_id", flat=True)
    announce(*[Ring(conversation_topic(conversation_id), 0, frame) for conversation_id in shared])


def blocked_senders(user: User, messages: Iterable[Message]) -> set[UUID]:
    """Those who wrote some of these messages and whom `user` blocks."""
    senders = {message.sender_id for message in messages} - {user.id}
    blocks = Block.objects.filter(blocker=user, blocked__in=senders) if senders else Block.objects.none()
    return set(blocks.values_list("blocked", flat=True))
