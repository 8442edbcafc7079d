"""Changing how somebody wants to be notified."""

from datetime import time

from msgspec import UNSET

from accounts.models import User
from common.action_limits import limited
from common.errors import invalid
from notifications.levels import time_zone_names
from notifications.models import Preference
from notifications.wire import PreferencesChange


@limited("RATE_CHANGES")
def change_preferences(actor: User, change: PreferencesChange) -> Preference:
    """Change the given fields and keep the others. Refuses (`invalid`) an unknown time zone."""
    fields: dict[str, object] = {}
    for name in ("notify", "reactions", "time_zone"):
        if isinstance(value := getattr(change, name), str | bool):
            fields[name] = value
    if change.time_zone and change.time_zone not in time_zone_names():
        raise invalid("time_zone", "There is no such time zone. Write it like Europe/Berlin.")
    if change.language is not UNSET:
        fields["language"] = change.language or ""
    quiet = change.quiet_hours
    if quiet is None:
        fields |= {"quiet_from": None, "quiet_until": None}
    elif quiet:
        begin, end = time.fromisoformat(quiet.from_), time.fromisoformat(quiet.until)
        if begin == end:
            raise invalid("quiet_hours", "Quiet hours must end at a different time than they begin.")
        fields |= {"quiet_from": begin, "quiet_until": end}
    preference, _ = Preference.objects.update_or_create(user=actor, defaults=fields)
    return preference
