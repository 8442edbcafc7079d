"""How somebody wants to be told."""

from datetime import time

from msgspec import UNSET

from accounts.models import User
from chatproject.common.errors import invalid
from chatproject.common.limited import limited
from notifications.levels import time_zones
from notifications.models import Preference
from notifications.wire import PreferencesChange


@limited("RATE_CHANGES")
def change_preferences(actor: User, change: PreferencesChange) -> Preference:
    """Set what is named, and leave the rest. Refuses (`invalid`) a time zone that nobody knows."""
    fields: dict[str, object] = {}
    for name in ("notify", "reactions", "time_zone"):
        if isinstance(value := getattr(change, name), str | bool):
            fields[name] = value
    if change.time_zone and change.time_zone not in time_zones():
        raise invalid("time_zone", "No such time zone. Write it like Europe/Berlin.")
    if change.language is not UNSET:
        fields["language"] = change.language or ""
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
