"""Erasing accounts whose grace period is over. Each is a task, so operators can see how it went."""

from uuid import UUID

from django.db import transaction
from django_tasks_db.models import DBTaskResult

from accounts import services
from accounts.models import User
from common import isolation
from common.clock import now
from common.tasks import task
from conversations.services import leave_all_conversations


@task
def erase_person(user_id: str) -> None:
    """Delete everything personal about this person. Safe to repeat: it continues where a killed worker stopped."""
    user = User.objects.get(id=UUID(user_id))
    if user.erased_at is None:
        leave_all_conversations(user)
        services.erase(user)


def queue_due_erasures() -> None:
    """Queue the erasures that are due, each once. One that has failed for good is queued again."""
    isolation.for_each(User.objects.filter(erase_at__lte=now(), erased_at__isnull=True), _queue)


@transaction.atomic
def _queue(user: User) -> None:
    if services.begin_erasure(user) and not _is_queued(user):
        erase_person.enqueue(str(user.id))


def _is_queued(user: User) -> bool:
    queued = DBTaskResult.objects.filter(task_path=erase_person.module_path, status__in=("READY", "RUNNING"))
    return bool(queued.filter(args_kwargs__args=[str(user.id)]).exists())
