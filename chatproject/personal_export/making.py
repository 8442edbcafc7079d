"""Asking for an archive, and the task that makes it."""

import threading
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Self
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import DatabaseError, connections, transaction

from accounts.models import User
from chatproject.common import limits
from chatproject.common.clock import now
from chatproject.common.errors import Refusal
from chatproject.common.ids import uuid7
from chatproject.common.tasks import TaskContext, task
from chatproject.models import LIFETIME, PersonalExport
from chatproject.personal_export import keeping
from chatproject.personal_export.archive import write_archive
from chatproject.worker import MAX_ATTEMPTS

log = structlog.get_logger(__name__)

RATE = "3/d"
Status = PersonalExport.Status


@transaction.atomic
def request_export(user: User) -> PersonalExport:
    """Have an archive made; while one is being made, that one. Refuses `rate_limited`."""
    if not User.objects.lock(user).is_active:
        raise Refusal("token_invalid")
    if unfinished := PersonalExport.objects.unfinished().filter(user=user).first():
        return unfinished
    limits.spend(RATE, f"export:{user.pk}")
    export_id = uuid7()
    queued = make_export.enqueue(str(export_id))
    return PersonalExport.objects.create(id=export_id, user=user, task_id=queued.id, created_at=now())


@task(takes_context=True)
def make_export(context: "TaskContext[Any, Any]", export_id: str) -> None:
    """Make an archive. Repeating it is harmless: what is finished stays, and what is not is made anew."""
    found = PersonalExport.objects.unfinished().filter(id=UUID(export_id))
    export = found.select_related("user").first()
    if export is None:
        return
    found.update(status=Status.RUNNING, progress=0)
    try:
        _make(export)
    except Exception:
        if context.attempt >= MAX_ATTEMPTS:
            found.give_up()
        raise


def _make(export: PersonalExport) -> None:
    """Nobody sees the archive before it lies in the storage as a whole; what a killed worker had written is gone with
    it. Who is erased meanwhile has no row any more, and so no file."""
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        with Progress(export.id) as progress:
            write_archive(export.user, file, progress.report)
        size = file.tell()
        name = _store(export.id, file)
    shown = PersonalExport.objects.unfinished().filter(id=export.id)
    moment = now()
    finished = {"finished_at": moment, "expires_at": moment + LIFETIME}
    if not shown.update(status=Status.DONE, progress=100, archive=name, size=size, **finished):
        default_storage.delete(name)


def _store(export_id: UUID, file: IO[bytes]) -> str:
    """The name under which the file lies. Another attempt at the same archive, still running, has another name."""
    name = default_storage.get_available_name(keeping.file_name(export_id))
    try:
        return default_storage.save(name, File(file))
    except BaseException:
        default_storage.delete(name)
        raise


class Progress(threading.Thread):
    """Writes down once a second how far an archive is. In a thread, because of its connection: SQLite refuses writes
    on one that is reading while others write."""

    def __init__(self, export_id: UUID) -> None:
        super().__init__(name="export-progress", daemon=True)
        self._export_id = export_id
        self._percent = 0
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        self.join()

    def report(self, percent: int) -> None:
        """So many per cent are there now."""
        self._percent = percent

    def run(self) -> None:
        row: Any = PersonalExport.objects.unfinished().filter(id=self._export_id)
        while not self._stopping.wait(1):
            try:
                row.exclude(progress=self._percent).update(progress=self._percent)
            except DatabaseError as error:
                log.warning("export_progress_lost", reason=type(error).__name__)
        connections.close_all()
