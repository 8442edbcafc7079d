"""What is over is deleted, in small slices so that nobody waits for it: the worker does it once an hour."""

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
from accounts.services.registration import WAITS_FOR
from chatproject.common import apart
from chatproject.models import Backup, Hour, PersonalExport
from chatproject.personal_export import keeping
from encryption import services as encryption
from media import services as media
from notifications.models import Notice, Push

log = structlog.get_logger(__name__)

SLICE = 500


def outdated() -> Iterator[QuerySet[Any]]:
    """What nobody needs any more. A used or expired code is kept for a day: its tries count against the next one."""
    now = timezone.now()
    yield OneTime.objects.filter(expires_at__lt=now - timedelta(days=1))
    yield Session.objects.filter(Q(ended_at__lt=now - timedelta(days=30)) | Q(expires_at__lt=now - timedelta(days=30)))
    yield Registration.objects.filter(created_at__lt=now - WAITS_FOR)
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


def tidy(stopping: threading.Event) -> None:
    """Delete what is outdated, until done or `stopping`; then what each app has to tidy up."""
    for rows in outdated():
        if not _deleted_all(rows, stopping):
            return
    day = timezone.now() - timedelta(days=1)
    apart.run(
        encryption.end_forgotten,
        keeping.tidy,
        partial(media.collect, day),
        media.forget_ended,
        partial(media.sweep, day),
        delete_leftovers,
    )


def _deleted_all(rows: QuerySet[Any], stopping: threading.Event) -> bool:
    """Slice by slice, in the order of the keys; of a slice that fails one by one, without those that cannot go. False
    when `stopping` came between."""
    after: dict[str, Any] = {}
    while ids := list(rows.filter(**after).order_by("pk").values_list("pk", flat=True)[:SLICE]):
        if not apart.succeeds(partial(_delete, rows.model), ids):
            apart.each([[id_] for id_ in ids], partial(_delete, rows.model))
        log.info("tidied", what=rows.model._meta.label_lower, count=len(ids))
        after = {"pk__gt": ids[-1]}
        if stopping.wait(0.05):
            return False
    return True


@transaction.atomic
def _delete(model: type[Model], ids: Collection[Any]) -> None:
    rows = model._default_manager.filter(pk__in=ids)
    if model is Session:  # devices go with it, and do so under their person's lock
        User.objects.lock_all(rows.values_list("user_id", flat=True))
    rows.delete()


def delete_leftovers() -> None:
    """Delete what killed processes left of uploads that were arriving. None arrives for a day."""
    apart.each(settings.FILE_UPLOAD_TEMP_DIR.iterdir(), _delete_leftover)


def _delete_leftover(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # another worker is at it too
        if path.stat().st_mtime < time.time() - 86_400:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
