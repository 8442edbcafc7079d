"""People as others see them in conversations: told when they change, folded when they are blocked."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from accounts import hooks
from accounts.models import Block, User
from accounts.wire import person
from chatproject.common.clock import now
from chatproject.common.publish import Ring, announce, conversation_topic
from conversations.models import Conversation, Membership
from conversations.wire import event
from messaging.models import Message

TOLD_IN_CHANNELS_OF = 100
"""Members of a channel above which nobody there is told of a new name or picture: a join looks it up."""


@hooks.person_changed.register
def tell_others(user: User) -> None:
    """`user.updated` to all who share a conversation with them; of somebody erased, also to those who did."""
    small = ~Q(conversation__kind=Conversation.Kind.CHANNEL) | Q(conversation__member_count__lte=TOLD_IN_CHANNELS_OF)
    memberships = Membership.objects.filter(small, user=user, conversation__deleted_at__isnull=True)
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
