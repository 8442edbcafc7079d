"""How somebody wants to be told."""

from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from accounts.models import User
from chatproject.common.errors import invalid
from notifications.models import Preference
from notifications.wire import PreferencesChange


def change_preferences(actor: User, change: PreferencesChange) -> Preference:
    """Set what is named, and leave the rest. Refuses (`invalid`) a time zone that nobody knows."""
    fields: dict[str, object] = {}
    for name in ("notify", "reactions", "time_zone"):
        if isinstance(value := getattr(change, name), str | bool):
            fields[name] = value
    if zone := change.time_zone:
        _check(zone)
    quiet = change.quiet_hours
    if quiet is None:
        fields |= {"quiet_from": None, "quiet_until": None}
    elif quiet:
        begin, end = time.fromisoformat(quiet.from_), time.fromisoformat(quiet.until)
        if begin == end:
            raise invalid("quiet_hours", "They end when they begin.")
        fields |= {"quiet_from": begin, "quiet_until": end}
    preference, _ = Preference.objects.update_or_create(user=actor, defaults=fields)
    return preference


def _check(time_zone: str) -> None:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid("time_zone", "No such time zone. Write it like Europe/Berlin.") from None
