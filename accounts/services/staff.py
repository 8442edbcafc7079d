"""Who is a member of staff, and who outranks whom."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from common import audit
from common.action_limits import limited
from common.errors import Refusal, invalid


def outranks(actor: User, user: User) -> bool:
    """Whether the actor outranks this person: staff outrank everybody else; among staff, those with all rights of the
    other and more. Nobody outranks a superuser."""
    if user.is_superuser or not user.is_staff:
        return not user.is_superuser
    return actor.is_superuser or _permissions_of(user) < _permissions_of(actor)


def refuse_unless_outranks(actor: User, user: User) -> None:
    """Refuses (`permission_denied`) if this person has the same rank as the actor or a higher one."""
    if not outranks(actor, user):
        raise Refusal("permission_denied", "Only somebody with more rights than this person can do this.")


def _permissions_of(user: User) -> set[int]:
    """The person's permissions, from the tables: Django gives a suspended person none."""
    own = Permission.objects.filter(Q(user=user) | Q(group__user=user))
    return set(own.values_list("pk", flat=True))


@limited("RATE_STAFF")
def appoint(actor: User, user: User, *, group: str, reason: str = "") -> None:
    """Make somebody a member of staff with exactly the rights of this group, or, without a group, no longer one. Only a
    superuser may do that, and not to a superuser. Refuses `permission_denied`, and `invalid` for an unknown group."""
    with transaction.atomic():
        user = User.objects.lock(user)
        if not actor.is_superuser or user.is_superuser:
            raise Refusal("permission_denied")
        groups = Group.objects.filter(name=group)
        if group and not groups:
            raise invalid("group", "There is no such group.")
        before = _rights_of(user)
        user.is_staff = bool(group)
        user.save(update_fields=["is_staff"])
        user.groups.set(groups)
        user.user_permissions.clear()
        changed = [name for name, value in _rights_of(user).items() if before[name] != value]
        details: dict[str, Any] = {"subject": "person", "subject_id": user.id, "group": group, "changed": changed}
        audit.record("person.appoint", actor_id=actor.id, reason=reason, **details)


def _rights_of(user: User) -> dict[str, Any]:
    return {
        "groups": set(user.groups.values_list("pk", flat=True)),
        "is_staff": user.is_staff,
        "user_permissions": set(user.user_permissions.values_list("pk", flat=True)),
    }
