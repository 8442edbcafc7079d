"""Asking for a backup, and making it: one at a time."""

import os
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from chatproject.backups import keeping
from chatproject.backups.archive import KEPT, ArchiveSink, writing
from chatproject.common import audit
from chatproject.common.clock import now
from chatproject.common.errors import Refusal
from chatproject.common.idempotency import once
from chatproject.common.ids import uuid7
from chatproject.common.tasks import TaskContext, task
from chatproject.models import Backup
from chatproject.progress import Progress
from chatproject.snapshot.manifest import Manifest
from chatproject.snapshot.taking import CannotTake, Report, take

log = structlog.get_logger(__name__)

QUEUE = "backups"
MAX_ATTEMPTS = 5
LOST = timedelta(minutes=2)
"""Who makes a backup says so every second; after so long it was killed."""
NO_KEY = "BACKUP_KEY is not set: nothing would keep whoever finds a backup from reading it."
Status = Backup.Status


@once(Backup)
def request_backup(actor: User | None = None) -> Backup:
    """Have a backup made in the background; while one is being made, that one. Without an actor it is time for one.

    Refuses `conflict` without a key.
    """
    if not settings.BACKUP_KEY:
        raise Refusal("conflict", NO_KEY)
    give_up_lost()
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
    except IntegrityError:  # somebody else asked at the same moment
        return request_backup(actor)


def backup_now(report: Report) -> Backup:
    """Make a backup before returning. Raises `CannotTake` while another is being made, or without a key."""
    if not settings.BACKUP_KEY:
        raise CannotTake(NO_KEY)
    give_up_lost()
    try:
        with transaction.atomic():
            backup = Backup.objects.create(status=Status.RUNNING, created_at=now(), seen_at=now())
            audit.record("backup.start", actor_id=None, subject="backup", subject_id=backup.id)
    except IntegrityError:
        raise CannotTake("Another backup is being made; the console shows how far it is.") from None
    try:
        _make(backup, report)
    except BaseException as error:
        Backup.objects.filter(id=backup.id).give_up(_why(error))
        raise
    backup.refresh_from_db()
    return backup


@task(takes_context=True, queue_name=QUEUE)
def make_backup(context: "TaskContext[Any, Any]", backup_id: str) -> None:
    """Make a backup. Repeating it is harmless: what is made stays, and what is not, or has failed, is made anew."""
    found = Backup.objects.filter(id=UUID(backup_id)).exclude(status=Status.DONE)
    backup = found.first()
    if backup is None:
        return
    try:
        found.update(status=Status.RUNNING, progress=0, seen_at=now(), finished_at=None, note="")
    except IntegrityError:  # this one had been given up
        raise CannotTake("Another backup is being made.") from None
    try:
        _make(backup, lambda percent: None)
    except Exception as error:
        if context.attempt >= MAX_ATTEMPTS:
            found.give_up(_why(error))
        raise


def give_up_lost() -> None:
    """Unfinished backups that nobody makes any more have failed. A task that failed just now may be queued again."""
    alive = DBTaskResult.objects.filter(Q(status__in=["READY", "RUNNING"]) | Q(finished_at__gt=now() - LOST))
    lost = Backup.objects.filter(~Exists(alive.filter(id=OuterRef("task_id"))), seen_at__lt=now() - LOST)
    lost.give_up("Whoever made it was killed.")


def _make(backup: Backup, report: Report) -> None:
    """It has its name when it is whole and on the disk; who has given it up meanwhile has no file."""
    name = keeping.name_of(backup)
    path = settings.BACKUP_FOLDER / name
    part = path.with_name(f".{name}.part")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    alive = Backup.objects.unfinished().filter(id=backup.id)
    try:
        with (
            Progress(lambda percent: alive.update(progress=percent, seen_at=now()), report) as progress,
            open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,  # noqa: PTH123 - with its mode
        ):
            with writing(file, settings.BACKUP_KEY) as sink:
                _keep_keys(sink)
                manifest = take(sink, progress.report)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)
    done = {"status": Status.DONE, "progress": 100, "name": name, "size": path.stat().st_size, "finished_at": now()}
    if not alive.update(**done, note=_note(manifest), copy_tried_at=now()):
        path.unlink()
        raise CannotTake("This backup was given up meanwhile.")
    log.info("backup_made", name=name, size=done["size"])
    tidy()


def tidy() -> None:
    """Copy to `BACKUP_URL` what is not there yet, and delete what is too much or too old. What fails stands in the log
    and in the rows that it concerns, the newest's at least."""
    faults = []
    for step in (keeping.copy_missing, keeping.prune):
        try:
            step()
        except OSError as error:
            log.error("backup_url_fails", step=step.__name__, reason=str(error))
            faults.append(str(error))
    tried = Backup.objects.filter(Q(id__in=Backup.objects.there().values("id")[:1]) | Q(copied_at=None))
    tried.filter(status=Status.DONE).update(copy_tried_at=now(), copy_note=faults[0] if faults else "")
    keeping.delete_leftovers()


@task(queue_name=QUEUE)
def copy_backups() -> None:
    """Try again to bring to `BACKUP_URL` what is not there. Repeating it is harmless."""
    tidy()


def _note(manifest: Manifest) -> str:
    """What was not as it should be."""
    notes = [f"{manifest.gone} files are missing."] if manifest.gone else []
    notes += [f"{manifest.damaged} files are not what was once stored."] if manifest.damaged else []
    return " ".join(notes)


def kept_keys() -> dict[str, str]:
    """The keys that this installation has made and kept in `DATA_DIR`, by the name of their file. What an operator has
    set, they keep themselves."""
    keys = {"secret_key": settings.SECRET_KEY, "vapid_key": settings.VAPID_PRIVATE_KEY}
    files = {name: settings.DATA_DIR / name for name in keys}
    return {name: key for name, key in keys.items() if files[name].is_file() and files[name].read_text().strip() == key}


def _keep_keys(sink: ArchiveSink) -> None:
    for name, key in kept_keys().items():
        sink.bytes(f"{KEPT}/{name}", key.encode())


def _why(error: BaseException) -> str:
    return str(error) if isinstance(error, CannotTake | OSError) else type(error).__name__


def _sync(folder: Any) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
