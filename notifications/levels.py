"""What somebody wants to be notified about: their level for a conversation, and their general preferences."""

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
"""From most to fewest notifications: each level includes those after it."""


def wants_notice(kind: str, level: str, preference: Preference) -> bool:
    """Whether somebody with this level for a conversation wants this kind of notice from there."""
    level = max(level, preference.notify, key=LEVELS.index)
    if kind == Notice.Kind.REACTION and not preference.reactions:
        return False
    if level == Membership.Notify.MENTIONS:
        return kind in Notice.NAMING
    return level == Membership.Notify.ALL


class NoticeTarget(NamedTuple):
    """Somebody who may get a notice about the message at `seq`, because of what `actor_id` did."""

    conversation_id: UUID
    user_id: UUID
    actor_id: UUID
    seq: int


def find_recipients(kind: str, targets: Collection[NoticeTarget]) -> dict[NoticeTarget, Membership]:
    """The targets, all of one kind of notice, who may get it and want it: members who see that message and do not block
    the actor. Each comes with the membership, its conversation, user and preferences loaded. Two queries."""
    if not targets:
        return {}
    members = Q(pk__in=())
    for target in targets:
        members |= Q(conversation=target.conversation_id, user=target.user_id)
    found = Membership.objects.live().filter(members).select_related("conversation", "user__preference")
    memberships = {(m.conversation_id, m.user_id): m for m in found}
    people, actors = {target.user_id for target in targets}, {target.actor_id for target in targets}
    blocks = Block.objects.filter(blocker__in=people, blocked__in=actors)
    blocked = set(blocks.values_list("blocker_id", "blocked_id"))
    return {
        target: membership
        for target in targets
        if (target.user_id, target.actor_id) not in blocked
        and (membership := memberships.get((target.conversation_id, target.user_id)))
        and membership.visible_from_seq < target.seq
        and wants_notice(kind, membership.notify, preference_of(membership.user))
    }


def preference_of(user: User) -> Preference:
    """This person's preferences; the defaults if they have set none."""
    try:
        return user.preference
    except Preference.DoesNotExist:
        return Preference(user=user)


@cache
def time_zone_names() -> frozenset[str]:
    """The names of the IANA time zones, from the package `tzdata`, which is the same on every machine. A machine's own
    list may have names that the next machine lacks, or that are not a place (`localtime`)."""
    return frozenset(files("tzdata").joinpath("zones").read_text().split())


def time_zone_of(preference: Preference) -> ZoneInfo:
    """This person's time zone; UTC if the one they set no longer exists."""
    return ZoneInfo(preference.time_zone if preference.time_zone in time_zone_names() else "UTC")


def quiet_until(preference: Preference, moment: datetime) -> datetime | None:
    """When this person's quiet hours end if `moment` is within them (always later than `moment`), else None. They may
    cross midnight.

    In a night when an hour is repeated they begin at its first and end at its second occurrence. If the clock is put
    forward across the end, they end later by as much."""
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
    """The two moments at which a clock shows this time on this day: equal, except when it is put forward or back."""
    shown = datetime.combine(day, clock, tzinfo=zone)
    return shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
