"""About what somebody wants to be told, and when they want to be left alone."""

from datetime import UTC, datetime, time

import pytest

from notifications.levels import quiet_until, wants
from notifications.models import Notice, Preference

pytestmark = pytest.mark.plain
Kind = Notice.Kind


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


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
]


@pytest.mark.parametrize(("now", "begin", "until", "end"), BERLIN)
def test_quiet_hours_are_those_of_the_persons_clock(now, begin, until, end) -> None:
    preference = Preference(
        quiet_from=time.fromisoformat(begin), quiet_until=time.fromisoformat(until), time_zone="Europe/Berlin"
    )

    found = quiet_until(preference, moment(now))

    assert (found and found.astimezone(UTC)) == (end and moment(end))


def test_without_them_nothing_is_quiet() -> None:
    assert quiet_until(Preference(), moment("2026-01-01T00:00:00")) is None


@pytest.mark.parametrize("everywhere", ["all", "mentions", "none"])
@pytest.mark.parametrize("here", ["all", "mentions", "none"])
def test_the_stricter_of_both_levels_holds(here: str, everywhere: str) -> None:
    preference = Preference(notify=everywhere)
    levels = {here, everywhere}

    assert wants(Kind.MESSAGE, here, preference) is (levels == {"all"})
    assert wants(Kind.REACTION, here, preference) is (levels == {"all"})
    assert wants(Kind.MENTION, here, preference) is ("none" not in levels)
    assert wants(Kind.REPLY, here, preference) is ("none" not in levels)
