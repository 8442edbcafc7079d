"""The staff's default permissions: two groups, created when the database is migrated. Later changes to the groups are
kept. Superusers may do everything."""

from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

MODERATOR = {
    "accounts": ["view_user", "view_session", "suspend_user", "end_user_sessions", "resend_user_code"],
    "conversations": ["view_conversation", "moderate_conversation"],
    "messaging": ["view_message", "view_report", "decide_report", "change_filter"],
    "chatproject": ["view_status"],
}
OPERATOR = {
    "accounts": [*MODERATOR["accounts"], "add_user", "change_user", "delete_user"],
    "common": ["view_auditentry"],
    "conversations": MODERATOR["conversations"],
    "messaging": [*MODERATOR["messaging"], "read_transcript"],
    "notifications": ["view_push", "change_push"],
    "django_tasks_database": ["view_dbtaskresult", "change_dbtaskresult"],
    "chatproject": ["view_status", "view_personalexport", "add_personalexport", "view_backup", "add_backup"],
}
ROLES = {"Moderators": MODERATOR, "Operators": OPERATOR}
"""Group → app → codenames of permissions."""


def create_roles(**_: Any) -> None:
    """Create the groups that are missing. A database at an older migration may lack some of the permissions."""
    for name, apps in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            group.permissions.set(permissions_of(apps))


def permissions_of(apps: dict[str, list[str]]) -> list[Permission]:
    """The permissions with these codenames, by app. Those that do not exist are left out."""
    conditions = [Q(content_type__app_label=app, codename__in=codenames) for app, codenames in apps.items()]
    return list(Permission.objects.filter(reduce(or_, conditions)))
