"""Notification levels and quiet hours."""

from datetime import UTC, datetime, time, timedelta
from itertools import product

import pytest

from notifications.levels import quiet_until, time_zone_names, time_zone_of, wants_notice
from notifications.models import Notice, Preference

pytestmark = pytest.mark.plain
Kind = Notice.Kind


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


BERLIN_TIME = "Europe/Berlin"
BERLIN = [
    # now, quiet from, until, and when they end: all UTC but the hours
    ("2026-01-10T20:59:59", "22:00", "07:00", None),
    ("2026-01-10T21:00:00", "22:00", "07:00", "2026-01-11T06:00:00"),
    ("2026-01-11T05:59:59", "22:00", "07:00", "2026-01-11T06:00:00"),
    ("2026-01-11T06:00:00", "22:00", "07:00", None),
    ("2026-07-10T20:00:00", "22:00", "07:00", "2026-07-11T05:00:00"),
    ("2026-07-10T11:30:00", "13:00", "14:00", "2026-07-10T12:00:00"),
    ("2026-03-28T23:00:00", "22:00", "07:00", "2026-03-29T05:00:00"),  # the night of 23 hours
    ("2026-10-24T23:00:00", "22:00", "07:00", "2026-10-25T06:00:00"),  # the night of 25 hours
    ("2026-10-25T00:10:00", "22:00", "02:30", "2026-10-25T01:30:00"),  # 2:10 for the first time, and for the second
    ("2026-10-25T01:10:00", "22:00", "02:30", "2026-10-25T01:30:00"),
    ("2026-10-25T01:10:00", "02:30", "07:00", "2026-10-25T06:00:00"),  # begun at the first 2:30
    ("2026-03-29T00:30:00", "22:00", "02:30", "2026-03-29T01:30:00"),  # 2:30 is skipped
]


@pytest.mark.parametrize(("now", "begin", "until", "end"), BERLIN)
def test_quiet_hours_are_those_of_the_persons_clock(now, begin, until, end) -> None:
    preference = Preference(
        quiet_from=time.fromisoformat(begin), quiet_until=time.fromisoformat(until), time_zone=BERLIN_TIME
    )

    found = quiet_until(preference, moment(now))

    assert (found and found.astimezone(UTC)) == (end and moment(end))


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_the_end_never_lies_in_the_past_whatever_clocks_do(day: str) -> None:
    clocks = [time(hour, minute) for hour in (1, 2, 3, 23) for minute in (0, 30)]
    moments = [moment(f"{day}T00:00:00") + timedelta(minutes=n) for n in range(-120, 240, 5)]
    found = 0
    for begin, until, at in product(clocks, clocks, moments):
        preference = Preference(quiet_from=begin, quiet_until=until, time_zone=BERLIN_TIME)
        if begin != until and (end := quiet_until(preference, at)):
            assert at < end <= at + timedelta(hours=25)
            found += 1
    assert found


@pytest.mark.parametrize("name", ["localtime", "posixrules", "posix/Europe/Berlin", "right/UTC", "../etc/passwd", ""])
def test_an_unknown_time_zone_counts_as_utc(name: str) -> None:
    assert name not in time_zone_names()
    assert time_zone_of(Preference(time_zone=name)).key == "UTC"


def test_without_them_nothing_is_quiet() -> None:
    assert quiet_until(Preference(), moment("2026-01-01T00:00:00")) is None


@pytest.mark.parametrize("everywhere", ["all", "mentions", "none"])
@pytest.mark.parametrize("here", ["all", "mentions", "none"])
def test_the_stricter_of_both_levels_holds(here: str, everywhere: str) -> None:
    preference = Preference(notify=everywhere)
    levels = {here, everywhere}

    assert wants_notice(Kind.MESSAGE, here, preference) is (levels == {"all"})
    assert wants_notice(Kind.REACTION, here, preference) is (levels == {"all"})
    assert wants_notice(Kind.MENTION, here, preference) is ("none" not in levels)
    assert wants_notice(Kind.REPLY, here, preference) is ("none" not in levels)
