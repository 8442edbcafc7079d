"""About what somebody wants to be told: what they set for a conversation, and for all of them."""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from accounts.models import Block, User
from conversations.models import Membership
from notifications.models import Notice, Preference

LEVELS = Membership.Notify.values
"""From the most to the least: each includes those after it."""


def wants(kind: str, level: str, preference: Preference) -> bool:
    """Whether somebody who has set this level for a conversation is told of this kind of notice from there."""
    level = max(level, preference.notify, key=LEVELS.index)
    if kind == Notice.Kind.REACTION and not preference.reactions:
        return False
    if level == Membership.Notify.MENTIONS:
        return kind in Notice.NAMING
    return level == Membership.Notify.ALL


class Occasion(NamedTuple):
    """A message at a place of a conversation concerns somebody, by what `actor_id` did."""

    conversation_id: UUID
    user_id: UUID
    actor_id: UUID
    seq: int


def welcome(kind: str, occasions: Collection[Occasion]) -> set[Occasion]:
    """Those of these occasions, all of one kind, of which their people may be told and want to be: members who see that
    place and do not block the actor. Two queries."""
    if not occasions:
        return set()
    asked = Q(pk__in=())
    for one in occasions:
        asked |= Q(conversation=one.conversation_id, user=one.user_id)
    found = Membership.objects.live().filter(asked).select_related("user__preference")
    memberships = {(m.conversation_id, m.user_id): m for m in found}
    people, actors = {one.user_id for one in occasions}, {one.actor_id for one in occasions}
    blocks = Block.objects.filter(blocker__in=people, blocked__in=actors)
    blocked = set(blocks.values_list("blocker_id", "blocked_id"))
    return {
        one
        for one in occasions
        if (one.user_id, one.actor_id) not in blocked
        and (membership := memberships.get((one.conversation_id, one.user_id)))
        and membership.visible_from_seq < one.seq
        and wants(kind, membership.notify, preference_of(membership.user))
    }


def preference_of(user: User) -> Preference:
    """This person's preferences; the defaults as long as they have set nothing."""
    try:
        return user.preference
    except Preference.DoesNotExist:
        return Preference(user=user)


def quiet_until(preference: Preference, moment: datetime) -> datetime | None:
    """When this person's quiet hours end, if `moment` lies in them. They may reach over midnight; where a clock is put
    forward over an end, it is the moment after."""
    if preference.quiet_from is None or preference.quiet_until is None:
        return None
    here = moment.astimezone(ZoneInfo(preference.time_zone))
    begin, end, clock = preference.quiet_from, preference.quiet_until, here.time().replace(tzinfo=None)
    if not _lies_in(clock, begin, end):
        return None
    day = here.date() + timedelta(days=1 if clock >= end else 0)
    return datetime.combine(day, end, tzinfo=here.tzinfo)


def _lies_in(clock: time, begin: time, end: time) -> bool:
    return begin <= clock < end if begin <= end else clock >= begin or clock < end
