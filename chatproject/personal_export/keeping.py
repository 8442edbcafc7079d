"""Where archives lie, and how they end: the files follow the rows."""

from datetime import timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django_tasks_db.models import DBTaskResult

from accounts import hooks
from accounts.models import User
from chatproject.common import apart
from chatproject.common.clock import now
from chatproject.common.ids import id_in_name
from chatproject.models import PersonalExport

FOLDER = "exports"
SLICE = 500


def file_name(export_id: UUID) -> str:
    """Under which name an archive is stored; another attempt at the same one adds to it."""
    return f"{FOLDER}/{export_id}.zip"


def tidy() -> None:
    """Give up what nobody makes any more, delete files without a row. Rows that have expired were deleted before."""
    give_up_lost()
    delete_leftovers()


def give_up_lost() -> None:
    """Unfinished exports whose task is gone, or has killed every worker that took it, have failed.

    A task that failed just now may be about to be queued again.
    """
    just_now = now() - timedelta(minutes=1)
    alive = DBTaskResult.objects.filter(Q(status__in=["READY", "RUNNING"]) | Q(finished_at__gt=just_now))
    PersonalExport.objects.filter(~Exists(alive.filter(id=OuterRef("task_id")))).give_up()


def delete_leftovers() -> None:
    """Delete the files that no row names, but for those that an unfinished export may be writing."""
    names = _names()
    for start in range(0, len(names), SLICE):
        part = {f"{FOLDER}/{name}": id_in_name(name) for name in names[start : start + SLICE]}
        exports = PersonalExport.objects.in_bulk(set(part.values()))
        lost = [name for name, id_ in part.items() if not _is_shown(name, exports.get(id_))]
        apart.each(lost, default_storage.delete)


def _is_shown(name: str, export: PersonalExport | None) -> bool:
    return bool(export and (export.status in PersonalExport.UNFINISHED or export.archive == name))


@hooks.person_erased.register
def forget(user: User) -> None:
    """Delete somebody's exports; the files go once it is committed."""
    PersonalExport.objects.filter(user=user).delete()
    transaction.on_commit(delete_leftovers, robust=True)


def _names() -> list[str]:
    try:
        return default_storage.listdir(FOLDER)[1]
    except FileNotFoundError:
        return []
