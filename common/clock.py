"""Times as clients see them."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC with microseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)
