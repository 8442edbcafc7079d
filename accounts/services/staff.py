"""Who is of the staff, and who of it stands above whom."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from chatproject.common import audit
from chatproject.common.errors import Refusal, invalid
from chatproject.common.limited import limited


def outranks(actor: User, user: User) -> bool:
    """Whether the actor stands above this person: everybody of the staff does above those who are not; of the staff,
    whoever may do all that the other may and more. Nobody stands above a superuser."""
    if user.is_superuser or not user.is_staff:
        return not user.is_superuser
    return actor.is_superuser or _rights(user) < _rights(actor)


def refuse_unless_above(actor: User, user: User) -> None:
    """Refuses (`permission_denied`) what is done to somebody of one's own rank, or a higher one."""
    if not outranks(actor, user):
        raise Refusal("permission_denied", "Only someone with more rights can do this to them.")


def _rights(user: User) -> set[int]:
    """Asked of the tables: to Django somebody suspended has no permissions."""
    own = Permission.objects.filter(Q(user=user) | Q(group__user=user))
    return set(own.values_list("pk", flat=True))


@limited("RATE_STAFF")
def appoint(actor: User, user: User, *, group: str, reason: str = "") -> None:
    """Take somebody into the staff, with the rights of this group and no others; without a group, out of it. Only who
    may do everything does that, and not to such a one. Refuses `permission_denied`, and `invalid` for another group."""
    with transaction.atomic():
        user = User.objects.lock(user)
        if not actor.is_superuser or user.is_superuser:
            raise Refusal("permission_denied")
        groups = Group.objects.filter(name=group)
        if group and not groups:
            raise invalid("group", "There is no such group.")
        before = _standing(user)
        user.is_staff = bool(group)
        user.save(update_fields=["is_staff"])
        user.groups.set(groups)
        user.user_permissions.clear()
        changed = [name for name, value in _standing(user).items() if before[name] != value]
        about: dict[str, Any] = {"subject": "person", "subject_id": user.id, "group": group, "changed": changed}
        audit.record("person.appoint", actor_id=actor.id, reason=reason, **about)


def _standing(user: User) -> dict[str, Any]:
    return {
        "groups": set(user.groups.values_list("pk", flat=True)),
        "is_staff": user.is_staff,
        "user_permissions": set(user.user_permissions.values_list("pk", flat=True)),
    }
