"""The current time, and times as clients see them."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """A time in RFC 3339 format, in UTC, with microseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)
