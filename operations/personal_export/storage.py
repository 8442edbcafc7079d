"""Where archives are stored, and how they are deleted: first the row, then the file."""

from datetime import timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django_tasks_db.models import DBTaskResult

from accounts import hooks
from accounts.models import User
from common import isolation
from common.clock import now
from common.ids import id_in_name
from operations.models import PersonalExport

FOLDER = "exports"
BATCH = 500


def file_name(export_id: UUID) -> str:
    """The name under which an archive is stored. A second attempt gets a suffix."""
    return f"{FOLDER}/{export_id}.zip"


def clean_up() -> None:
    """Mark abandoned exports as failed and delete files without a row. Expired rows have been deleted before."""
    fail_abandoned_exports()
    delete_orphaned_files()


def fail_abandoned_exports() -> None:
    """Mark unfinished exports as failed if their task is gone or has failed for good.

    A task that has just failed may be about to be queued again, so it still counts.
    """
    just_now = now() - timedelta(minutes=1)
    alive = DBTaskResult.objects.filter(Q(status__in=["READY", "RUNNING"]) | Q(finished_at__gt=just_now))
    PersonalExport.objects.filter(~Exists(alive.filter(id=OuterRef("task_id")))).give_up()


def delete_orphaned_files() -> None:
    """Delete the files that no row refers to, except those that an unfinished export may be writing."""
    names = _list_files()
    for start in range(0, len(names), BATCH):
        ids = {f"{FOLDER}/{name}": id_in_name(name) for name in names[start : start + BATCH]}
        exports = PersonalExport.objects.in_bulk(set(ids.values()))
        orphaned = [name for name, id_ in ids.items() if not _is_in_use(name, exports.get(id_))]
        isolation.for_each(orphaned, default_storage.delete)


def _is_in_use(name: str, export: PersonalExport | None) -> bool:
    return bool(export and (export.status in PersonalExport.UNFINISHED or export.archive == name))


@hooks.person_erased.register
def delete_exports_of(user: User) -> None:
    """Delete a person's exports. The files are deleted after the commit."""
    PersonalExport.objects.filter(user=user).delete()
    transaction.on_commit(delete_orphaned_files, robust=True)


def _list_files() -> list[str]:
    try:
        return default_storage.listdir(FOLDER)[1]
    except FileNotFoundError:
        return []
