"""What happens by itself: the worker asks again and again. What fails is tried again soon, then with growing pauses."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Max
from django_tasks_db.models import DBTaskResult

from chatproject.backups.drilling import request_drill
from chatproject.backups.making import QUEUE, copy_backups, give_up_lost, request_backup
from chatproject.common.clock import now
from chatproject.models import Backup

SOON, LATER = timedelta(minutes=5), timedelta(hours=1)
"""The first pause after a backup that failed, and the longest."""
COPY_SOON, COPIED_WITHIN = timedelta(minutes=1), timedelta(hours=1)
PROVE_AGAIN = timedelta(hours=6)
UNPLANNED, UNPLANNED_PROOF = timedelta(days=7), timedelta(days=30)
"""How old the newest backup and the newest proof may be where no setting says how often."""


def keep_up() -> None:
    """Give up what nobody makes any more; have a backup made, brought to `BACKUP_URL`, and the newest one proved, when
    that is due."""
    give_up_lost()
    if not settings.BACKUP_KEY:
        return
    if _is_backup_due():
        request_backup()
    if _is_copy_due() and not DBTaskResult.objects.filter(queue_name=QUEUE, status__in=["READY", "RUNNING"]).exists():
        copy_backups.enqueue()
    if Backup.objects.there().exists() and _is_drill_due():
        request_drill()


def last_proved_at() -> datetime | None:
    """From when the newest backup is that a drill has restored: what has happened since could be lost."""
    proved: datetime | None = Backup.objects.filter(proved_at__isnull=False).aggregate(last=Max("created_at"))["last"]
    return proved


def troubles() -> Iterator[str]:
    """What an operator should look at, as sentences."""
    last = Backup.objects.exclude(status__in=Backup.UNFINISHED).order_by("-created_at").first()
    if last and last.status == Backup.Status.FAILED:
        yield f"The last backup failed: {last.note}"
    newest = Backup.objects.there().first()
    if newest is None:
        yield "There is no backup: Backups makes one." if settings.BACKUP_KEY else "There is no backup: set BACKUP_KEY."
    else:
        yield from _troubles_of(newest)


def _troubles_of(newest: Backup) -> Iterator[str]:
    drilled = Backup.objects.filter(drilled_at__isnull=False).order_by("-drilled_at").first()
    if drilled and drilled.proved_at != drilled.drilled_at:
        yield "The last backup that was to be proved could not be restored."
    every = timedelta(hours=settings.BACKUP_EVERY_HOURS)
    if now() - newest.created_at > (3 * every or UNPLANNED):
        yield f"The newest backup is from {newest.created_at:%Y-%m-%d %H:%M} UTC."
    if newest.copy_note:
        yield f"Backups are not copied, or old ones not deleted: {newest.copy_note}"
    elif settings.BACKUP_URL and not newest.copied_at and _age(newest.finished_at) > COPIED_WITHIN:
        yield "The newest backup is not at BACKUP_URL yet."
    proved_at = last_proved_at()
    if proved_at is None:
        yield "No backup was restored yet to prove it: Backups does that, or `manage.py backup_drill`."
    elif now() - proved_at > (2 * timedelta(days=settings.BACKUP_DRILL_EVERY_DAYS) or UNPLANNED_PROOF):
        yield f"The newest backup that was proved is from {proved_at:%Y-%m-%d %H:%M} UTC."


def _age(moment: datetime | None) -> timedelta:
    return now() - moment if moment else timedelta.max


def _is_backup_due() -> bool:
    every = timedelta(hours=settings.BACKUP_EVERY_HOURS)
    made = Backup.objects.there().aggregate(last=Max("created_at"))["last"]
    if not every or (made and now() - made <= every):
        return False
    failed = Backup.objects.filter(status=Backup.Status.FAILED, **({"created_at__gt": made} if made else {}))
    pause = min(every, LATER, SOON * 2 ** min(failed.count() - 1, 10)) if failed else timedelta()
    return _age(failed.aggregate(last=Max("finished_at"))["last"]) > pause


def _is_copy_due() -> bool:
    """After as long as it has failed already, an hour at most."""
    newest = Backup.objects.there().first()
    if not settings.BACKUP_URL or newest is None or (newest.copied_at and not newest.copy_note):
        return False
    if newest.copy_tried_at is None or newest.finished_at is None:
        return True
    return _age(newest.copy_tried_at) > min(LATER, max(COPY_SOON, newest.copy_tried_at - newest.finished_at))


def _is_drill_due() -> bool:
    every = timedelta(days=settings.BACKUP_DRILL_EVERY_DAYS)
    proved = Backup.objects.filter(proved_at=F("drilled_at")).aggregate(last=Max("drilled_at"))["last"]
    tried = Backup.objects.aggregate(last=Max("drilled_at"))["last"]
    return bool(every) and _age(proved) > every and _age(tried) > PROVE_AGAIN
