"""Who is of the staff."""

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import User
from chatproject.common import audit
from chatproject.common.errors import Refusal, invalid
from chatproject.common.limited import limited


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
        user.is_staff = bool(group)
        user.save(update_fields=["is_staff"])
        user.groups.set(groups)
        user.user_permissions.clear()
        audit.record(
            "person.appoint", actor_id=actor.id, subject="person", subject_id=user.id, reason=reason, group=group
        )
