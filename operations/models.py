"""Personal archives, backups, and the state of the installation."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from common.ids import uuid7

LIFETIME = timedelta(days=7)


class BackgroundJob(models.Model):
    """A file that is made in the background. `progress` is a percentage, `size` is in bytes."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    UNFINISHED = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    status = models.CharField(max_length=8, choices=Status, default=Status.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)
    size = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class PersonalExportQuerySet(models.QuerySet["PersonalExport"]):
    """Queries for exports."""

    def of(self, user: User) -> "PersonalExportQuerySet":
        """A person's exports that have not expired."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()), user=user)

    def unfinished(self) -> "PersonalExportQuerySet":
        """Exports that are queued or running."""
        return self.filter(status__in=PersonalExport.UNFINISHED)

    def give_up(self) -> None:
        """Mark the unfinished ones as failed."""
        now = timezone.now()
        failed = PersonalExport.Status.FAILED
        self.unfinished().update(status=failed, finished_at=now, expires_at=now + LIFETIME)


class PersonalExport(BackgroundJob):
    """An archive of a person's data, made in the background by the task `task_id`.

    `archive` is the name of its file in the storage; a file that no row names is deleted. The row and the file are
    deleted at `expires_at`.
    """

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    task_id = models.UUIDField()
    archive = models.CharField(max_length=100, blank=True)
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


class Process(models.Model):
    """A serving process or a worker, as of its last heartbeat. After a minute without one it counts as stopped."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    sockets = models.PositiveIntegerField()
    people = models.PositiveIntegerField()
    is_worker = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"{self.name} {self.pid}"


class Hour(models.Model):
    """The number of messages sent in the hour that begins at `begins_at`."""

    begins_at = models.DateTimeField(primary_key=True)
    messages = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        permissions = [("view_status", "Can see how the installation is")]

    def __str__(self) -> str:
        return f"{self.messages} from {self.begins_at}"


class BackupQuerySet(models.QuerySet["Backup"]):
    """Queries for backups."""

    def unfinished(self) -> "BackupQuerySet":
        """Backups that are queued or running: one at most."""
        return self.filter(status__in=Backup.UNFINISHED)

    def there(self) -> "BackupQuerySet":
        """Backups that can be restored, the newest first."""
        return self.filter(status=Backup.Status.DONE, deleted_at=None).order_by("-created_at")

    def give_up(self, note: str) -> None:
        """Mark the unfinished ones as failed, with this note."""
        self.unfinished().update(status=Backup.Status.FAILED, finished_at=timezone.now(), note=note)


class Backup(BackgroundJob):
    """A copy of everything, in an encrypted file called `name`.

    Made by the task `task_id`, or by a command if that is null; `seen_at` is updated while it is being made. `note`
    says why it failed, or what was wrong with its files. `copied_at` is when it was copied to `BACKUP_URL`;
    `copy_tried_at` and `copy_note` describe the last attempt to copy it and to delete old backups. `deleted_at` is when
    its file was deleted. `proved_at` is when a drill verified it; `drilled_at`, `drill_seconds` and `drill_result`
    describe the last drill, which may have failed.
    """

    task_id = models.UUIDField(null=True)
    name = models.CharField(max_length=100, blank=True)
    note = models.TextField(blank=True)
    seen_at = models.DateTimeField(db_default=Now())
    copied_at = models.DateTimeField(null=True)
    copy_tried_at = models.DateTimeField(null=True)
    copy_note = models.TextField(blank=True, db_default="")
    deleted_at = models.DateTimeField(null=True)
    proved_at = models.DateTimeField(null=True)
    drilled_at = models.DateTimeField(null=True)
    drill_seconds = models.FloatField(null=True)
    drill_result = models.TextField(blank=True)

    objects = BackupQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(status__in=["queued", "running"]), name="backup_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(status="done", size__isnull=False) & ~Q(name="") | ~Q(status="done") & Q(name=""),
                name="backup_done_has_file",
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="backup_progress_in_per_cent"),
        ]

    def __str__(self) -> str:
        return f"backup of {self.created_at:%Y-%m-%d %H:%M}"
