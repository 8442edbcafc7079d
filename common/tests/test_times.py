"""Times as PostgreSQL gives them."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite stores times as text"),
]


@pytest.mark.parametrize("binds_on_server", [False, True])
def test_every_time_is_in_utc_to_the_microsecond(binds_on_server) -> None:
    expected = {
        "2026-11-30 14:20:23+00": datetime(2026, 11, 30, 14, 20, 23, tzinfo=UTC),
        "2026-11-30 14:20:23.1+05:30": datetime(2026, 11, 30, 8, 50, 23, 100_000, tzinfo=UTC),
        "0001-01-01 00:00:00.000001+00": datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        "9999-12-31 23:59:59.999999+00": datetime.max.replace(tzinfo=UTC),
    }
    with connection.prepared_cursor() if binds_on_server else connection.cursor() as cursor:
        for text, moment in expected.items():
            cursor.execute("SELECT %s::timestamptz", [text])
            (found,) = cursor.fetchone()
            assert (found, found.tzinfo) == (moment, UTC)


def test_a_time_that_python_does_not_know_is_refused_and_not_another_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'infinity'::timestamptz")
        with pytest.raises(DataError, match="timestamp too large"):
            cursor.fetchone()
