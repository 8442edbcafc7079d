"""How many copies of a backup there are, and for how long: copying to `BACKUP_URL`, and deleting old backups."""

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage
from django.db.models import Q

from common.clock import now
from common.tasks import task
from operations.backups import QUEUE
from operations.backups.storage import list_names, local_storage, parse_file_name, remote_storage
from operations.models import Backup, Process

logger = structlog.get_logger(__name__)

ONE_DAY = 86_400


@task(queue_name=QUEUE)
def copy_backups() -> None:
    """Try again to copy to `BACKUP_URL` what is missing there. Safe to repeat."""
    copy_and_prune()


def copy_and_prune() -> None:
    """Copy to `BACKUP_URL` what is missing there, and delete backups that are too many or too old.

    A failure is logged, and noted in the rows of the backups that it concerns (at least in the newest).
    """
    failures = []
    for step in (copy_missing, prune):
        try:
            step()
        except OSError as error:
            logger.error("backup_url_fails", step=step.__name__, reason=str(error))
            failures.append(str(error))
    tried = Backup.objects.filter(Q(id__in=Backup.objects.there().values("id")[:1]) | Q(copied_at=None))
    tried.filter(status=Backup.Status.DONE).update(copy_tried_at=now(), copy_note=failures[0] if failures else "")
    delete_partial_files()


def copy_missing() -> None:
    """Copy to `BACKUP_URL` the local backups that are missing there, the newest first. Raises `OSError` if it does not
    respond."""
    remote = remote_storage()
    if remote is None:
        return
    remote_names, local_names = set(list_names(remote)), list_names(local_storage())
    surplus = _surplus(local_names)
    for name in local_names:
        if name not in remote_names and name not in surplus:
            _copy(name, remote)
            remote_names.add(name)
            logger.info("backup_copied", name=name)
        if name in remote_names:
            Backup.objects.filter(name=name, copied_at=None).update(copied_at=now())


def _copy(name: str, remote: Storage) -> None:
    """A copy gets its name once it is complete. A bucket never shows an incomplete file."""
    with local_storage().open(name) as file:
        if not isinstance(remote, FileSystemStorage):
            if (saved := remote.save(name, File(file))) != name:  # another process was faster
                remote.delete(saved)
            return
        part = Path(remote.path(f".{name}.part"))
        part.unlink(missing_ok=True)
        remote.save(part.name, File(file))
    with part.open("rb") as copied:
        os.fsync(copied.fileno())
    part.rename(remote.path(name))


def prune() -> None:
    """Delete backups beyond `BACKUP_KEEP` or older than `BACKUP_KEEP_DAYS`, locally and at `BACKUP_URL`.

    Never deletes the newest backup, nor the newest verified one. Each storage is pruned even if the other fails.
    Raises `OSError` if one does not respond.
    """
    remaining: set[str] = set()
    failure: OSError | None = None
    for storage in filter(None, (local_storage(), remote_storage())):
        try:
            remaining.update(_prune_storage(storage))
        except OSError as error:
            failure = error
    if failure:
        raise failure
    Backup.objects.there().exclude(name__in=remaining).update(deleted_at=now())


def _prune_storage(storage: Storage) -> list[str]:
    """Prune one storage. Returns the names that remain."""
    names = list_names(storage)
    surplus = _surplus(names)
    for name in surplus:
        storage.delete(name)
        logger.info("backup_deleted", name=name)
    return [name for name in names if name not in surplus]


def _surplus(names: list[str]) -> set[str]:
    """Those of a storage's backups (the newest first) that are too many or too old."""
    oldest = now() - timedelta(days=settings.BACKUP_KEEP_DAYS or 36_500)
    surplus = {name for name in names if parse_file_name(name)[1] < oldest}
    if settings.BACKUP_KEEP:
        surplus.update(names[settings.BACKUP_KEEP :])
    verified = Backup.objects.filter(proved_at__isnull=False, name__in=names).order_by("-created_at").first()
    return surplus.difference(names[:1], [verified.name] if verified else [])


def record_missing_files() -> None:
    """Mark backups as deleted if their local file has disappeared, and as present again if it is back.

    Does nothing if there are copies at `BACKUP_URL` (they are checked when copying) or if workers run on several
    machines, since each sees only its own disk.
    """
    if remote_storage() or Process.objects.filter(is_worker=True).values("name").distinct().count() > 1:
        return
    rows = dict(Backup.objects.filter(status=Backup.Status.DONE).values_list("name", "deleted_at"))
    present = set(list_names(local_storage()))  # listed after the rows: a file exists before its row says so
    for name, deleted_at in rows.items():
        if (name in present) == bool(deleted_at):
            Backup.objects.filter(name=name).update(deleted_at=None if deleted_at else now())
            logger.warning("backup_is_back" if deleted_at else "backup_gone", name=name)


def delete_partial_files() -> None:
    """Delete partial files left behind by killed processes. No backup takes a day to make."""
    yesterday = now().timestamp() - ONE_DAY
    for path in settings.BACKUP_FOLDER.glob(".*.part"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < yesterday:
                path.unlink()
