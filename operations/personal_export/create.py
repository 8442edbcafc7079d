"""Requesting an archive, and the task that makes it."""

from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services import refuse_unless_outranks
from common import audit, limits
from common.clock import now
from common.errors import Refusal, not_found
from common.idempotency import idempotent
from common.ids import uuid7
from common.tasks import MAX_ATTEMPTS, TaskContext, task
from operations.models import LIFETIME, PersonalExport
from operations.personal_export.archive import write_archive
from operations.personal_export.storage import file_name
from operations.progress import Progress

logger = structlog.get_logger(__name__)

RATE = "3/d"
Status = PersonalExport.Status


@idempotent(PersonalExport, name="chatproject.personal_export.making.request_export")
@transaction.atomic
def request_export(user: User) -> PersonalExport:
    """Queue an archive of my data, or return the one in progress. Refuses `rate_limited`."""
    if not User.objects.lock(user).is_active:
        raise Refusal("token_invalid")
    if unfinished := PersonalExport.objects.unfinished().filter(user=user).first():
        return unfinished
    limits.spend(RATE, f"export:{user.pk}")
    return _queue(user)


@transaction.atomic
def request_export_of(operator: User, user: User, *, reason: str) -> PersonalExport:
    """Queue an archive on behalf of someone else. Refuses `not_found` if their account is erased, and
    `permission_denied` unless the operator outranks them."""
    if operator.id != user.id:
        refuse_unless_outranks(operator, user)
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
    """Make a queued archive. Safe to repeat: a finished one stays, an unfinished or failed one starts over."""
    rows = PersonalExport.objects.filter(id=UUID(export_id)).exclude(status=Status.DONE)
    export = rows.select_related("user").first()
    if export is None:
        return
    try:
        rows.update(status=Status.RUNNING, progress=0, finished_at=None, expires_at=None)
    except IntegrityError:  # this one had been given up, and another has started since
        raise Refusal("conflict", "Another archive is in progress for this person.") from None
    try:
        _write_and_store(export)
    except Exception:
        if context.attempt >= MAX_ATTEMPTS:
            rows.give_up()
        raise


def _write_and_store(export: PersonalExport) -> None:
    """The row names the archive once the whole file is stored; a killed worker leaves nothing behind. If the account
    was erased meanwhile, the row is gone and the file is deleted."""
    row = PersonalExport.objects.unfinished().filter(id=export.id)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        with Progress(lambda percent: row.exclude(progress=percent).update(progress=percent)) as progress:
            write_archive(export.user, file, progress.report)
        size = file.tell()
        name = _store(export.id, file)
    moment = now()
    finished = {"finished_at": moment, "expires_at": moment + LIFETIME}
    if not row.update(status=Status.DONE, progress=100, archive=name, size=size, **finished):
        default_storage.delete(name)


def _store(export_id: UUID, file: IO[bytes]) -> str:
    """Store the file, and return its name. An earlier attempt that is still running has another name."""
    name = default_storage.get_available_name(file_name(export_id))
    try:
        return default_storage.save(name, File(file))
    except BaseException:
        default_storage.delete(name)
        raise
