"""Erasing accounts whose grace period is over: a task each, so that somebody can look at it."""

from uuid import UUID

from django.db import transaction
from django_tasks_db.models import DBTaskResult

from accounts import services
from accounts.models import User
from chatproject.common import apart
from chatproject.common.clock import now
from chatproject.common.tasks import task
from conversations.services import leave_everything


@task
def erase_person(user_id: str) -> None:
    """Leave nothing personal of this person. It goes on where a killed worker stopped; repeating it is harmless."""
    user = User.objects.get(id=UUID(user_id))
    if user.erased_at is None:
        leave_everything(user)
        services.erase(user)


def erase_who_is_due() -> None:
    """Queue the erasure of everybody whose time has come, once; what has failed for good is queued anew."""
    apart.each(User.objects.filter(erase_at__lte=now(), erased_at__isnull=True), _queue)


@transaction.atomic
def _queue(user: User) -> None:
    if services.begin_erasure(user) and not _is_queued(user):
        erase_person.enqueue(str(user.id))


def _is_queued(user: User) -> bool:
    queued = DBTaskResult.objects.filter(task_path=f"{__name__}.erase_person", status__in=("READY", "RUNNING"))
    return bool(queued.filter(args_kwargs__args=[str(user.id)]).exists())
