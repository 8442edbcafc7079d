"""What happens by itself: the worker asks again and again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max

from chatproject.backups.drilling import request_drill
from chatproject.backups.making import give_up_lost, request_backup
from chatproject.common.clock import now
from chatproject.models import Backup


def keep_up() -> None:
    """Give up what nobody makes any more; have a backup made, and the newest one proved, when that is due."""
    give_up_lost()
    if not settings.BACKUP_KEY:
        return
    if _is_due("created_at", timedelta(hours=settings.BACKUP_EVERY_HOURS)):
        request_backup()
    there = Backup.objects.filter(status=Backup.Status.DONE, deleted_at=None)
    if there.exists() and _is_due("drilled_at", timedelta(days=settings.BACKUP_DRILL_EVERY_DAYS)):
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
    drilled = Backup.objects.filter(drilled_at__isnull=False).order_by("-drilled_at").first()
    if drilled and drilled.proved_at != drilled.drilled_at:
        yield "The last backup that was to be proved could not be restored."
    every = timedelta(hours=settings.BACKUP_EVERY_HOURS)
    made = Backup.objects.filter(status=Backup.Status.DONE).aggregate(last=Max("created_at"))["last"]
    if every and made and now() - made > 3 * every:
        yield f"The newest backup is from {made:%Y-%m-%d %H:%M} UTC."


def _is_due(field: str, every: timedelta) -> bool:
    last = Backup.objects.aggregate(last=Max(field))["last"]
    return bool(every) and (last is None or now() - last > every)
