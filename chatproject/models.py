"""What belongs to no app alone: archives of everything that a person has here."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from chatproject.common.ids import uuid7

LIFETIME = timedelta(days=7)


class PersonalExportQuerySet(models.QuerySet["PersonalExport"]):
    """Reading exports."""

    def of(self, user: User) -> "PersonalExportQuerySet":
        """Somebody's own, as long as they have not expired."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()), user=user)

    def unfinished(self) -> "PersonalExportQuerySet":
        """Those whose archive is still to be made."""
        return self.filter(status__in=PersonalExport.UNFINISHED)

    def give_up(self) -> None:
        """Those of them that are unfinished have failed."""
        now = timezone.now()
        failed = PersonalExport.Status.FAILED
        self.unfinished().update(status=failed, finished_at=now, expires_at=now + LIFETIME)


class PersonalExport(models.Model):
    """An archive of everything that a person has here, made in the background by the task `task_id`.

    `archive` is its name in the storage: the file counts only while the row names it. `progress` is in per cent,
    `size` in bytes. Row and file live until `expires_at`.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    UNFINISHED = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    task_id = models.UUIDField()
    status = models.CharField(max_length=8, choices=Status, default=Status.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)
    archive = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = PersonalExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(status__in=["queued", "running"]), name="export_one_unfinished"
            ),
            models.CheckConstraint(
                condition=Q(status="done", size__isnull=False) & ~Q(archive="") | ~Q(status="done") & Q(archive=""),
                name="export_done_has_archive",
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="export_progress_in_per_cent"),
        ]

    def __str__(self) -> str:
        return f"export for {self.user_id}"
