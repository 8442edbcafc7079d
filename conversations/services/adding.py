"""Adding people to a conversation: the one place where it is decided who enters at once and who is asked first.

People know the actor when they have written in a direct conversation or a small group that both are in: being put into
one makes nobody an acquaintance. Adding, inviting and writing to others is limited.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from accounts.models import Block, User
from chatproject.common import limits
from chatproject.common.clock import now
from chatproject.common.errors import Refusal
from chatproject.common.limited import spend_for
from conversations import hooks
from conversations.models import Conversation, Invite, Membership

SMALL_GROUP = 100
"""Members above which a group is a public place: to have written there is no acquaintance."""
INVITES_PER_CONVERSATION = 100
INVITES_PER_PERSON, INVITES_BY_ONE = 50, 5
"""Invitations that wait for one person: from everybody, and from the same one."""
WhoCanAdd = User.WhoCanAdd


class Admitted(NamedTuple):
    """Of those whom somebody adds: who enters now, and who is asked first."""

    entering: list[User]
    asked: list[User]


def admit(actor: User, people: list[User]) -> Admitted:
    """Decide about people whom the actor adds: by what they want, and, where they do not know the actor, by how many
    strangers have added them lately. Refuses `blocked`, and `rate_limited` when the actor adds too many strangers."""
    if Block.objects.filter(blocker__in=people, blocked=actor).exists():
        raise Refusal("blocked")
    known = acquainted(actor, people)
    spend_strangers(actor, len(people) - len(known))
    asked = [user for user in people if _wants_to_be_asked(user, user.id in known, actor)]
    return Admitted([user for user in people if user not in asked], asked)


def _wants_to_be_asked(user: User, is_known: bool, actor: User) -> bool:
    if user.who_can_add_me != WhoCanAdd.EVERYONE:
        return user.who_can_add_me == WhoCanAdd.NOBODY or not is_known
    is_stranger = not is_known and not actor.is_staff
    return is_stranger and limits.hit([f"added:{user.pk}"], settings.RATE_ADDED)[0] > 0


def acquainted(actor: User, people: Collection[User]) -> set[UUID]:
    """Those of these people who know the actor."""
    found = Membership.objects.live().filter(
        user__in=people,
        last_sent_at__isnull=False,
        conversation__kind__in=(Conversation.Kind.DIRECT, Conversation.Kind.GROUP),
        conversation__member_count__lte=SMALL_GROUP,
        conversation__memberships__user=actor,
        conversation__memberships__left_at__isnull=True,
    )
    return set(found.values_list("user", flat=True))


def spend_strangers(actor: User, count: int) -> None:
    """Count people who do not know the actor, and whom they add, invite or begin to write to: all of them or, when they
    are too many (`rate_limited`), none. The staff is not limited."""
    if not count or actor.is_staff:
        return
    keys = [f"strangers:{actor.pk}"] * count
    waits = limits.hit(keys, settings.RATE_STRANGERS)
    if any(waits):
        limits.forgive(keys[: waits.count(0)], settings.RATE_STRANGERS)
        detail = "These are too many people who do not know you: fewer at a time, or later."
        raise Refusal("rate_limited", detail, retry_after=round(max(waits), 3))


def invite(
    conversation: Conversation, actor: User, people: Collection[User], *, expires_at: datetime | None = None
) -> list[Invite]:
    """Ask people whether they want to come into a locked conversation; whoever was asked already is asked anew. The
    transaction has locked these people: how many invitations wait for them is counted here. Refuses `rate_limited`, and
    `conflict` when too many wait, for the conversation or a person."""
    Invite.objects.filter(conversation=conversation, person__in=people).delete()
    refuse_too_many(conversation, len(people))
    return [_invite(conversation, actor, person, expires_at) for person in people]


def refuse_too_many(conversation: Conversation, count: int = 1) -> None:
    """Refuse (`conflict`) more invitations than a conversation may have."""
    if Invite.objects.usable().filter(conversation=conversation).count() + count > INVITES_PER_CONVERSATION:
        raise Refusal("conflict", f"A conversation has at most {INVITES_PER_CONVERSATION} invitations at a time.")


def _invite(conversation: Conversation, actor: User, person: User, expires_at: datetime | None) -> Invite:
    waiting = Invite.objects.usable().filter(person=person, conversation__deleted_at__isnull=True)
    by_one = waiting.filter(created_by=actor).count()
    if by_one >= INVITES_BY_ONE or waiting.count() >= INVITES_PER_PERSON:
        raise Refusal("conflict", f"Too many invitations are waiting for {person.username} already.")
    spend_for(actor, "RATE_INVITES")
    about = {"conversation": conversation, "created_by": actor, "person": person}
    made: Invite = Invite.objects.create(**about, created_at=now(), expires_at=expires_at, max_uses=1)
    hooks.person_invited(made, person)
    return made
