"""Requesting and making backups, one at a time."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from common import audit
from common.clock import now
from common.errors import Refusal
from common.idempotency import idempotent
from common.ids import uuid7
from common.tasks import MAX_ATTEMPTS, TaskContext, task
from operations.backups import QUEUE
from operations.backups.archive import KEYS_FOLDER, ArchiveSink, open_archive
from operations.backups.retention import copy_and_prune
from operations.backups.storage import file_name
from operations.models import Backup
from operations.progress import Progress
from operations.snapshot.manifest import Manifest
from operations.snapshot.write import ReportProgress, SnapshotError, write_snapshot

logger = structlog.get_logger(__name__)

SILENCE_LIMIT = timedelta(minutes=2)
"""The process that makes a backup updates `seen_at` every second. After this long without an update it was killed."""
NO_KEY = "BACKUP_KEY is not set. Set it first: without it, anyone who finds a backup could read it."
Status = Backup.Status


@idempotent(Backup, name="chatproject.backups.making.request_backup")
def request_backup(actor: User | None = None) -> Backup:
    """Queue a backup, or return the one in progress. Without an actor it is a scheduled one.

    Refuses `conflict` without a key.
    """
    if not settings.BACKUP_KEY:
        raise Refusal("conflict", NO_KEY)
    fail_abandoned_backups()
    try:
        with transaction.atomic():
            if unfinished := Backup.objects.unfinished().first():
                return unfinished
            backup_id = uuid7()
            queued = make_backup.enqueue(str(backup_id))
            backup = Backup.objects.create(id=backup_id, task_id=queued.id, created_at=now(), seen_at=now())
            if actor:
                audit.record("backup.start", actor_id=actor.id, subject="backup", subject_id=backup_id)
            return backup
    except IntegrityError:  # another request came at the same moment
        return request_backup(actor)


def create_backup(report: ReportProgress) -> Backup:
    """Make a backup before returning. Raises `SnapshotError` without a key, or while another backup is in progress."""
    if not settings.BACKUP_KEY:
        raise SnapshotError(NO_KEY)
    fail_abandoned_backups()
    try:
        with transaction.atomic():
            backup = Backup.objects.create(status=Status.RUNNING, created_at=now(), seen_at=now())
            audit.record("backup.start", actor_id=None, subject="backup", subject_id=backup.id)
    except IntegrityError:
        raise SnapshotError("Another backup is in progress. The console shows how far it is.") from None
    try:
        _write_backup(backup, report)
    except BaseException as error:
        Backup.objects.filter(id=backup.id).give_up(_reason(error))
        raise
    backup.refresh_from_db()
    return backup


@task(takes_context=True, queue_name=QUEUE)
def make_backup(context: "TaskContext[Any, Any]", backup_id: str) -> None:
    """Make a queued backup. Safe to repeat: a finished one stays, an unfinished or failed one starts over."""
    rows = Backup.objects.filter(id=UUID(backup_id)).exclude(status=Status.DONE)
    backup = rows.first()
    if backup is None:
        return
    try:
        rows.update(status=Status.RUNNING, progress=0, seen_at=now(), finished_at=None, note="")
    except IntegrityError:  # this one had been given up, and another has started since
        raise SnapshotError("Another backup is in progress.") from None
    try:
        _write_backup(backup, lambda percent: None)
    except Exception as error:
        if context.attempt >= MAX_ATTEMPTS:
            rows.give_up(_reason(error))
        raise


def fail_abandoned_backups() -> None:
    """Mark unfinished backups as failed if no process makes them any more. A task that has just failed may be retried,
    so it still counts."""
    alive = DBTaskResult.objects.filter(Q(status__in=["READY", "RUNNING"]) | Q(finished_at__gt=now() - SILENCE_LIMIT))
    lost = Backup.objects.filter(~Exists(alive.filter(id=OuterRef("task_id"))), seen_at__lt=now() - SILENCE_LIMIT)
    lost.give_up("The process that made it was killed.")


def _write_backup(backup: Backup, report: ReportProgress) -> None:
    """The file gets its name once it is complete and on disk. It is deleted if the row was given up meanwhile."""
    name = file_name(backup)
    path = settings.BACKUP_FOLDER / name
    part = path.with_name(f".{name}.part")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    row = Backup.objects.unfinished().filter(id=backup.id)
    try:
        with (
            Progress(lambda percent: row.update(progress=percent, seen_at=now()), report) as progress,
            open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,  # noqa: PTH123 - with its mode
        ):
            with open_archive(file, settings.BACKUP_KEY) as sink:
                _write_generated_keys(sink)
                manifest = write_snapshot(sink, progress.report)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)
    done = {"status": Status.DONE, "progress": 100, "name": name, "size": path.stat().st_size, "finished_at": now()}
    if not row.update(**done, note=_note(manifest), copy_tried_at=now()):
        path.unlink()
        raise SnapshotError("This backup was given up before it was finished.")
    logger.info("backup_made", name=name, size=done["size"])
    copy_and_prune()


def _note(manifest: Manifest) -> str:
    """What an operator should know about the files in this backup."""
    notes = [f"{manifest.gone} files are missing."] if manifest.gone else []
    notes += [f"{manifest.damaged} files differ from what was uploaded."] if manifest.damaged else []
    return " ".join(notes)


def generated_keys() -> dict[str, str]:
    """The keys that this installation generated in `DATA_DIR`, by file name. Keys from the environment are not among
    them: the operator has those."""
    keys = {"secret_key": settings.SECRET_KEY, "vapid_key": settings.VAPID_PRIVATE_KEY}
    files = {name: settings.DATA_DIR / name for name in keys}
    return {name: key for name, key in keys.items() if files[name].is_file() and files[name].read_text().strip() == key}


def _write_generated_keys(sink: ArchiveSink) -> None:
    for name, key in generated_keys().items():
        sink.bytes(f"{KEYS_FOLDER}/{name}", key.encode())


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, SnapshotError | OSError) else type(error).__name__


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
