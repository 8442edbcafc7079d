"""About what somebody wants to be told: what they set for a conversation, and for all of them."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
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


def welcome(kind: str, occasions: Collection[Occasion]) -> dict[Occasion, Membership]:
    """Those of these occasions, all of one kind, of which their people may be told and want to be: members who see that
    place and do not block the actor. Each with the membership, its conversation, person and preferences at hand. Two
    queries."""
    if not occasions:
        return {}
    asked = Q(pk__in=())
    for one in occasions:
        asked |= Q(conversation=one.conversation_id, user=one.user_id)
    found = Membership.objects.live().filter(asked).select_related("conversation", "user__preference")
    memberships = {(m.conversation_id, m.user_id): m for m in found}
    people, actors = {one.user_id for one in occasions}, {one.actor_id for one in occasions}
    blocks = Block.objects.filter(blocker__in=people, blocked__in=actors)
    blocked = set(blocks.values_list("blocker_id", "blocked_id"))
    return {
        one: membership
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


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA list, by the package `tzdata`: the same on every machine. A machine's own may be missing
    on the next one, or be no place at all (`localtime`)."""
    return frozenset(files("tzdata").joinpath("zones").read_text().split())


def time_zone_of(preference: Preference) -> ZoneInfo:
    """The time zone this person lives by; UTC where what they once set is none."""
    return ZoneInfo(preference.time_zone if preference.time_zone in time_zones() else "UTC")


def quiet_until(preference: Preference, moment: datetime) -> datetime | None:
    """When this person's quiet hours end, if `moment` lies in them: always later. They may reach over midnight.

    In the night that has an hour twice they begin at the first and end at the second; where a clock is put forward over
    an end, it is as much later."""
    begin, end = preference.quiet_from, preference.quiet_until
    if begin is None or end is None:
        return None
    zone = time_zone_of(preference)
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        ends_at = max(_moments(day + timedelta(days=begin > end), end, zone))
        if min(_moments(day, begin, zone)) <= moment < ends_at:
            return ends_at
    return None


def _moments(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments at which a clock shows this time on this day: the same one, but where it is put forward or back."""
    shown = datetime.combine(day, clock, tzinfo=zone)
    return shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
