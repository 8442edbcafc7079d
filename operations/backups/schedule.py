"""Scheduled backups, copies and drills. The worker asks what is due every few seconds. A failure is retried soon, then
after growing pauses."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Max
from django_tasks_db.models import DBTaskResult

from common.clock import now
from operations.backups import QUEUE
from operations.backups.create import fail_abandoned_backups, request_backup
from operations.backups.drill import request_drill
from operations.backups.retention import copy_backups
from operations.models import Backup

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=1)
"""The first pause after a failed backup, and the longest."""
FIRST_COPY_PAUSE, COPY_DEADLINE = timedelta(minutes=1), timedelta(hours=1)
DRILL_PAUSE = timedelta(hours=6)
MAX_AGE, MAX_VERIFIED_AGE = timedelta(days=7), timedelta(days=30)
"""How old the newest backup and the newest verified one may be if no setting says how often to make them."""


def queue_due_work() -> None:
    """Queue a backup, a copy to `BACKUP_URL` and a drill of the newest backup, each if it is due."""
    fail_abandoned_backups()
    if not settings.BACKUP_KEY:
        return
    if _is_backup_due():
        request_backup()
    if _is_copy_due() and not DBTaskResult.objects.filter(queue_name=QUEUE, status__in=["READY", "RUNNING"]).exists():
        copy_backups.enqueue()
    if Backup.objects.there().exists() and _is_drill_due():
        request_drill()


def last_proved_at() -> datetime | None:
    """When the newest verified backup was made. Anything newer could be lost."""
    last: datetime | None = Backup.objects.filter(proved_at__isnull=False).aggregate(last=Max("created_at"))["last"]
    return last


def troubles() -> Iterator[str]:
    """What an operator should attend to, in sentences."""
    last = Backup.objects.exclude(status__in=Backup.UNFINISHED).order_by("-created_at").first()
    if last and last.status == Backup.Status.FAILED:
        yield f"The last backup failed: {last.note}"
    newest = Backup.objects.there().first()
    if newest is None:
        todo = "Make one under Backups." if settings.BACKUP_KEY else "Set BACKUP_KEY to make backups."
        yield f"There is no backup. {todo}"
    else:
        yield from _troubles_of(newest)


def _troubles_of(newest: Backup) -> Iterator[str]:
    drilled = Backup.objects.filter(drilled_at__isnull=False).order_by("-drilled_at").first()
    if drilled and drilled.proved_at != drilled.drilled_at:
        yield "The last drill could not restore its backup. Backups shows the reason."
    every = timedelta(hours=settings.BACKUP_EVERY_HOURS)
    if now() - newest.created_at > (3 * every or MAX_AGE):
        yield f"The newest backup is from {newest.created_at:%Y-%m-%d %H:%M} UTC."
    if newest.copy_note:
        yield f"Backups are not copied, or old ones not deleted: {newest.copy_note}"
    elif settings.BACKUP_URL and not newest.copied_at and _age(newest.finished_at) > COPY_DEADLINE:
        yield "The newest backup is not at BACKUP_URL yet."
    proved_at = last_proved_at()
    if proved_at is None:
        yield "No backup has been verified yet. Verify one under Backups or with `manage.py backup_drill`."
    elif now() - proved_at > (2 * timedelta(days=settings.BACKUP_DRILL_EVERY_DAYS) or MAX_VERIFIED_AGE):
        yield f"The newest verified backup is from {proved_at:%Y-%m-%d %H:%M} UTC."


def _age(moment: datetime | None) -> timedelta:
    return now() - moment if moment else timedelta.max


def _is_backup_due() -> bool:
    every = timedelta(hours=settings.BACKUP_EVERY_HOURS)
    made = Backup.objects.there().aggregate(last=Max("created_at"))["last"]
    if not every or (made and now() - made <= every):
        return False
    failed = Backup.objects.filter(status=Backup.Status.FAILED, **({"created_at__gt": made} if made else {}))
    pause = min(every, LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failed.count() - 1, 10)) if failed else timedelta()
    return _age(failed.aggregate(last=Max("finished_at"))["last"]) > pause


def _is_copy_due() -> bool:
    """The pause grows with the time that copying has been failing, up to an hour."""
    newest = Backup.objects.there().first()
    if not settings.BACKUP_URL or newest is None or (newest.copied_at and not newest.copy_note):
        return False
    if newest.copy_tried_at is None or newest.finished_at is None:
        return True
    failing_for = newest.copy_tried_at - newest.finished_at
    return _age(newest.copy_tried_at) > min(LONGEST_PAUSE, max(FIRST_COPY_PAUSE, failing_for))


def _is_drill_due() -> bool:
    every = timedelta(days=settings.BACKUP_DRILL_EVERY_DAYS)
    verified = Backup.objects.filter(proved_at=F("drilled_at")).aggregate(last=Max("drilled_at"))["last"]
    tried = Backup.objects.aggregate(last=Max("drilled_at"))["last"]
    return bool(every) and _age(verified) > every and _age(tried) > DRILL_PAUSE
