"""Deleting expired data. The worker does this once an hour, in small batches so that it delays no one."""

import contextlib
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.contrib.sessions.models import Session as ConsoleSession
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import OneTime, Registration, RestingName, Session, User
from accounts.services.registration import REGISTRATION_LIFETIME
from common import isolation
from encryption import services as encryption
from media import services as media
from notifications.models import Notice, Push
from operations.models import Backup, Hour, PersonalExport
from operations.personal_export.storage import clean_up as clean_up_exports

logger = structlog.get_logger(__name__)

BATCH = 500


def expired_rows() -> Iterator[QuerySet[Any]]:
    """Rows to delete. A used or expired code is kept for a day, because its failed attempts count against the next
    code."""
    now = timezone.now()
    yield OneTime.objects.filter(expires_at__lt=now - timedelta(days=1))
    yield Session.objects.filter(Q(ended_at__lt=now - timedelta(days=30)) | Q(expires_at__lt=now - timedelta(days=30)))
    yield Registration.objects.filter(created_at__lt=now - REGISTRATION_LIFETIME)
    yield RestingName.objects.filter(until__lt=now)
    yield ConsoleSession.objects.filter(expire_date__lt=now)
    yield DBTaskResult.objects.filter(status="SUCCESSFUL", finished_at__lt=now - timedelta(days=7))
    yield DBTaskResult.objects.filter(status="FAILED", finished_at__lt=now - timedelta(days=90))
    yield Backup.objects.filter(status="failed", finished_at__lt=now - timedelta(days=90))
    yield Backup.objects.filter(deleted_at__lt=now - timedelta(days=90))
    yield PersonalExport.objects.filter(expires_at__lt=now)
    yield Notice.objects.filter(at__lt=now - timedelta(days=90))
    yield Hour.objects.filter(begins_at__lt=now - timedelta(days=400))
    yield Push.objects.filter(created_at__lt=now - timedelta(days=30))


def clean_up(stopping: threading.Event) -> None:
    """Delete expired rows until done or `stopping`, then let each app clean up."""
    for rows in expired_rows():
        if not _delete_all(rows, stopping):
            return
    day = timezone.now() - timedelta(days=1)
    isolation.run_all(
        encryption.end_expired_devices,
        clean_up_exports,
        partial(media.delete_outdated, day),
        media.remove_avatars_of_deleted,
        partial(media.sweep_orphans, day),
        delete_abandoned_uploads,
    )


def _delete_all(rows: QuerySet[Any], stopping: threading.Event) -> bool:
    """Delete rows in batches, in the order of their keys. If a batch fails, its rows are deleted one by one, and those
    that fail are skipped. False if interrupted by `stopping`."""
    after: dict[str, Any] = {}
    while ids := list(rows.filter(**after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        if not isolation.succeeds(partial(_delete, rows.model), ids):
            isolation.for_each([[id_] for id_ in ids], partial(_delete, rows.model))
        logger.info("tidied", what=rows.model._meta.label_lower, count=len(ids))
        after = {"pk__gt": ids[-1]}
        if stopping.wait(0.05):
            return False
    return True


@transaction.atomic
def _delete(model: type[Model], ids: Collection[Any]) -> None:
    rows = model._default_manager.filter(pk__in=ids)
    if model is Session:  # deletes its devices too, which requires the lock on their person
        User.objects.lock_all(rows.values_list("user_id", flat=True))
    rows.delete()


def delete_abandoned_uploads() -> None:
    """Delete incomplete uploads, and folders of the sandbox, that killed processes left behind. None takes a day."""
    isolation.for_each(settings.FILE_UPLOAD_TEMP_DIR.iterdir(), _delete_if_old)


def _delete_if_old(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # another worker may be deleting it too
        if path.stat().st_mtime < time.time() - 86_400:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
