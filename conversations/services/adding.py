"""Adding users to a conversation: this module decides who is added at once, and who is invited instead.

A user knows the actor if the user has written in a direct conversation or a small group of both. Being added to one is
not enough. Adding, inviting and writing to strangers is limited.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from accounts.models import Block, User
from common import limits
from common.action_limits import spend_for
from common.clock import now
from common.errors import Refusal
from conversations import hooks
from conversations.models import Conversation, Invite, Membership

SMALL_GROUP = 100
"""In a group with more members, having written does not mean that members know each other."""
INVITES_PER_CONVERSATION = 100
INVITES_PER_PERSON, INVITES_BY_ONE = 50, 5
"""The most open invitations of one user: from everyone together, and from the same user."""
WhoCanAdd = User.WhoCanAdd


class Admission(NamedTuple):
    """Of the users that someone adds: who is added now, and who has to be invited."""

    added: list[User]
    invited: list[User]


def decide_admission(actor: User, users: list[User]) -> Admission:
    """Decide about users whom the actor wants to add: by their settings and, if they do not know the actor, by how
    often strangers have added them lately. Refuses `blocked`, and `rate_limited` if the actor adds too many
    strangers."""
    if Block.objects.filter(blocker__in=users, blocked=actor).exists():
        raise Refusal("blocked")
    knowing = users_who_know(actor, users)
    spend_stranger_allowance(actor, len(users) - len(knowing))
    invited = [user for user in users if _must_be_asked(user, user.id in knowing, actor)]
    return Admission([user for user in users if user not in invited], invited)


def _must_be_asked(user: User, knows_actor: bool, actor: User) -> bool:
    if user.who_can_add_me != WhoCanAdd.EVERYONE:
        return user.who_can_add_me == WhoCanAdd.NOBODY or not knows_actor
    is_stranger = not knows_actor and not actor.is_staff
    return is_stranger and limits.hit([f"added:{user.pk}"], settings.RATE_ADDED)[0] > 0


def users_who_know(actor: User, users: Collection[User]) -> set[UUID]:
    """The ids of those of these users who know the actor."""
    found = Membership.objects.live().filter(
        user__in=users,
        last_sent_at__isnull=False,
        conversation__kind__in=(Conversation.Kind.DIRECT, Conversation.Kind.GROUP),
        conversation__member_count__lte=SMALL_GROUP,
        conversation__memberships__user=actor,
        conversation__memberships__left_at__isnull=True,
    )
    return set(found.values_list("user", flat=True))


def spend_stranger_allowance(actor: User, count: int) -> None:
    """Spend the actor's allowance for adding, inviting or first writing to this many users who do not know them. If it
    is not enough for all of them, nothing is spent (`rate_limited`). Staff is not limited."""
    if not count or actor.is_staff:
        return
    keys = [f"strangers:{actor.pk}"] * count
    waits = limits.hit(keys, settings.RATE_STRANGERS)
    if any(waits):
        limits.forgive(keys[: waits.count(0)], settings.RATE_STRANGERS)
        detail = "You are adding too many people who do not know you. Add fewer at a time, or try again later."
        raise Refusal("rate_limited", detail, retry_after=round(max(waits), 3))


def invite_users(
    conversation: Conversation, actor: User, users: Collection[User], *, expires_at: datetime | None = None
) -> list[Invite]:
    """Invite users to a locked conversation; earlier invitations are replaced. The caller has locked these users,
    because their open invitations are counted here. Refuses `rate_limited`, and `conflict` if there are too many open
    invitations, of the conversation or of a user."""
    Invite.objects.filter(conversation=conversation, person__in=users).delete()
    refuse_too_many_invites(conversation, len(users))
    return [_invite(conversation, actor, user, expires_at) for user in users]


def refuse_too_many_invites(conversation: Conversation, count: int = 1) -> None:
    """Refuse (`conflict`) more invitations than a conversation may have."""
    if Invite.objects.usable().filter(conversation=conversation).count() + count > INVITES_PER_CONVERSATION:
        raise Refusal(
            "conflict", f"This conversation has {INVITES_PER_CONVERSATION} open invitations. Delete some first."
        )


def _invite(conversation: Conversation, actor: User, user: User, expires_at: datetime | None) -> Invite:
    still_open = Invite.objects.usable().filter(person=user, conversation__deleted_at__isnull=True)
    by_actor = still_open.filter(created_by=actor).count()
    if by_actor >= INVITES_BY_ONE or still_open.count() >= INVITES_PER_PERSON:
        detail = f"{user.username} already has too many open invitations. Try again when they have answered some."
        raise Refusal("conflict", detail)
    spend_for(actor, "RATE_INVITES")
    fields = {"conversation": conversation, "created_by": actor, "person": user}
    invite: Invite = Invite.objects.create(**fields, created_at=now(), expires_at=expires_at, max_uses=1)
    hooks.user_invited(invite, user)
    return invite
