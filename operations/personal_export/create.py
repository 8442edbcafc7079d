"""Asking for an archive, and the task that makes it."""

from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services import refuse_unless_above
from chatproject.common import audit, limits
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, not_found
from chatproject.common.idempotency import once
from chatproject.common.ids import uuid7
from chatproject.common.tasks import TaskContext, task
from chatproject.models import LIFETIME, PersonalExport
from chatproject.personal_export import keeping
from chatproject.personal_export.archive import write_archive
from chatproject.progress import Progress
from chatproject.worker import MAX_ATTEMPTS

log = structlog.get_logger(__name__)

RATE = "3/d"
Status = PersonalExport.Status


@once(PersonalExport)
@transaction.atomic
def request_export(user: User) -> PersonalExport:
    """Have an archive made; while one is being made, that one. Refuses `rate_limited`."""
    if not User.objects.lock(user).is_active:
        raise Refusal("token_invalid")
    if unfinished := PersonalExport.objects.unfinished().filter(user=user).first():
        return unfinished
    limits.spend(RATE, f"export:{user.pk}")
    return _queue(user)


@transaction.atomic
def request_export_of(operator: User, user: User, *, reason: str) -> PersonalExport:
    """Have an archive made for somebody who cannot ask for it themselves. Refuses `not_found` for who is erased,
    `permission_denied` for somebody not below the operator."""
    if operator.id != user.id:
        refuse_unless_above(operator, user)
    if User.objects.lock(user).erased_at:
        raise not_found()
    export = PersonalExport.objects.unfinished().filter(user=user).first() or _queue(user)
    audit.record("export.request", actor_id=operator.id, subject="person", subject_id=user.id, reason=reason)
    return export


def _queue(user: User) -> PersonalExport:
    export_id = uuid7()
    queued = make_export.enqueue(str(export_id))
    return PersonalExport.objects.create(id=export_id, user=user, task_id=queued.id, created_at=now())


@task(takes_context=True)
def make_export(context: "TaskContext[Any, Any]", export_id: str) -> None:
    """Make an archive. Repeating it is harmless: what is made stays, and what is not, or has failed, is made anew."""
    found = PersonalExport.objects.filter(id=UUID(export_id)).exclude(status=Status.DONE)
    export = found.select_related("user").first()
    if export is None:
        return
    try:
        found.update(status=Status.RUNNING, progress=0, finished_at=None, expires_at=None)
    except IntegrityError:  # this one had been given up
        raise Refusal("conflict", "Another archive is being made for them.") from None
    try:
        _make(export)
    except Exception:
        if context.attempt >= MAX_ATTEMPTS:
            found.give_up()
        raise


def _make(export: PersonalExport) -> None:
    """Nobody sees the archive before it lies in the storage as a whole; what a killed worker had written is gone with
    it. Who is erased meanwhile has no row any more, and so no file."""
    shown = PersonalExport.objects.unfinished().filter(id=export.id)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        with Progress(lambda percent: shown.exclude(progress=percent).update(progress=percent)) as progress:
            write_archive(export.user, file, progress.report)
        size = file.tell()
        name = _store(export.id, file)
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
