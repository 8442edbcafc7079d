"""Who knows whom, and the directory of people as each may see it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.models import Block, User
from accounts.models.user import UserQuerySet
from conversations.models import Conversation, Membership


def with_presence_for(viewer: User, people: UserQuerySet) -> UserQuerySet:
    """People, each with `shows_presence`: whether `viewer` may see if they are online.

    Sharing a direct conversation or a group makes acquainted, a public channel does not; who is blocked sees nothing.
    """
    shared = (
        Membership.objects.live()
        .filter(user=OuterRef("id"), conversation__memberships__user=viewer)
        .filter(conversation__memberships__left_at__isnull=True)
        .exclude(conversation__kind=Conversation.Kind.CHANNEL)
    )
    blocked = Block.objects.filter(blocker=OuterRef("id"), blocked=viewer)
    Presence = User.Presence  # noqa: N806
    may_see = Q(id=viewer.id) | (
        ~Exists(blocked) & (Q(presence=Presence.EVERYONE) | (Q(presence=Presence.CONTACTS) & Exists(shared)))
    )
    return people.annotate(shows_presence=may_see)


def watchable(viewer_id: UUID, user_ids: Iterable[UUID]) -> dict[UUID, User]:
    """Those of these people whose presence the viewer may see."""
    people = User.objects.active().filter(id__in=list(user_ids))
    viewer = User(id=viewer_id)
    return {user.id: user for user in with_presence_for(viewer, people).filter(shows_presence=True)}
