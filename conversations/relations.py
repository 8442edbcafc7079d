"""How users are related: through shared conversations, and through blocks."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.models import Block, User
from common.compiled import Parameter
from common.errors import Refusal
from conversations.models import Conversation, Membership, is_small
from conversations.models.membership import MembershipQuerySet


def presence_visible_to(viewer_id: UUID) -> Q:
    """The condition on users under which the viewer may see whether they are online.

    Contacts are users who share a conversation that is not a large channel. A blocked viewer sees nothing.
    """
    shared = memberships_shared_with(viewer_id).filter(user=OuterRef("id"))
    blocked = Block.objects.filter(blocker=OuterRef("id"), blocked=viewer_id)
    everyone, contacts = User.Presence.EVERYONE, User.Presence.CONTACTS
    return Q(id=viewer_id) | (~Exists(blocked) & (Q(presence=everyone) | (Q(presence=contacts) & Exists(shared))))


def memberships_shared_with(viewer_id: UUID) -> MembershipQuerySet:
    """All memberships in the conversations of this user, without large channels."""
    return Membership.objects.live().filter(  # one call, so that both conditions apply to the viewer's own membership
        is_small(),
        conversation__memberships__user=viewer_id,
        conversation__memberships__left_at__isnull=True,
    )


def has_block_between(membership: Membership) -> bool:
    """Whether one user of this direct conversation blocks the other: then neither learns of the other's marks."""
    if not membership.conversation.is_direct:
        return False
    one, other = membership.conversation.pair
    return Block.objects.filter(Q(blocker=one, blocked=other) | Q(blocker=other, blocked=one)).exists()


def has_block_with(user_id: UUID | Parameter) -> Q:
    """`has_block_between` as a condition on memberships, for the conversations of this user."""
    blocks = Q(blocker=user_id, blocked=OuterRef("user")) | Q(blocker=OuterRef("user"), blocked=user_id)
    return Q(conversation__kind=Conversation.Kind.DIRECT) & Q(Exists(Block.objects.filter(blocks)))


def refuse_if_blocked(membership: Membership) -> None:
    """Refuse (`blocked`) to write in a direct conversation if the other user blocks this one, or was erased."""
    if membership.conversation.is_direct:
        others = Membership.objects.filter(conversation=membership.conversation).exclude(user=membership.user)
        blocks = Q(left_at__isnull=False) | Q(user__blocks__blocked=membership.user_id)
        if others.filter(blocks).exists():
            raise Refusal("blocked")


def users_with_visible_presence(viewer_id: UUID, user_ids: Iterable[UUID]) -> dict[UUID, User]:
    """Those of these users whose presence the viewer may see."""
    users = User.objects.active().filter(presence_visible_to(viewer_id), id__in=list(user_ids))
    return {user.id: user for user in users}
