"""Who knows whom, and the directory of people as each may see it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.models import Block, User
from chatproject.common.errors import Refusal
from conversations.models import Conversation, Membership, is_small
from conversations.models.membership import MembershipQuerySet


def shows_presence_to(viewer_id: UUID) -> Q:
    """The condition on people under which `viewer` may see whether they are online.

    Sharing a conversation makes acquainted, a large channel does not; who is blocked sees nothing.
    """
    shared = sharing_with(viewer_id).filter(user=OuterRef("id"))
    blocked = Block.objects.filter(blocker=OuterRef("id"), blocked=viewer_id)
    everyone, contacts = User.Presence.EVERYONE, User.Presence.CONTACTS
    return Q(id=viewer_id) | (~Exists(blocked) & (Q(presence=everyone) | (Q(presence=contacts) & Exists(shared))))


def sharing_with(viewer_id: UUID) -> MembershipQuerySet:
    """The memberships that make acquainted with this person: of all in their conversations but large channels."""
    return Membership.objects.live().filter(  # in one call: the viewer's membership is the one that must be live
        is_small(),
        conversation__memberships__user=viewer_id,
        conversation__memberships__left_at__isnull=True,
    )


def is_estranged(membership: Membership) -> bool:
    """Whether in this direct conversation one of the two blocks the other: then neither hears of the other's marks."""
    if not membership.conversation.is_direct:
        return False
    one, other = membership.conversation.pair
    return Block.objects.filter(Q(blocker=one, blocked=other) | Q(blocker=other, blocked=one)).exists()


def estranged_from(user_id: UUID) -> Q:
    """The condition on memberships under which this person learns nothing of their marks: `is_estranged`, for many."""
    blocks = Q(blocker=user_id, blocked=OuterRef("user")) | Q(blocker=OuterRef("user"), blocked=user_id)
    return Q(conversation__kind=Conversation.Kind.DIRECT) & Q(Exists(Block.objects.filter(blocks)))


def refuse_if_blocked(membership: Membership) -> None:
    """Refuses (`blocked`) to write in a direct conversation with somebody who blocks the writer, or is erased."""
    if membership.conversation.is_direct:
        others = Membership.objects.filter(conversation=membership.conversation).exclude(user=membership.user)
        blocks = Q(left_at__isnull=False) | Q(user__blocks__blocked=membership.user_id)
        if others.filter(blocks).exists():
            raise Refusal("blocked")


def watchable(viewer_id: UUID, user_ids: Iterable[UUID]) -> dict[UUID, User]:
    """Those of these people whose presence the viewer may see."""
    people = User.objects.active().filter(shows_presence_to(viewer_id), id__in=list(user_ids))
    return {user.id: user for user in people}
