"""What belongs to no app alone: archives for people, backups of everything, and how the installation is."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from chatproject.common.ids import uuid7

LIFETIME = timedelta(days=7)


class Making(models.Model):
    """Something that is made in the background: `progress` is in per cent, `size` in bytes."""

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


class PersonalExport(Making):
    """An archive of everything that a person has here, made in the background by the task `task_id`.

    `archive` is its name in the storage: the file counts only while the row names it. Row and file live until
    `expires_at`.
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
    """A process that serves, or a worker, as it last said: it is gone when it has said nothing for a minute."""

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
    """How many messages were written in the hour that begins at this moment."""

    begins_at = models.DateTimeField(primary_key=True)
    messages = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        permissions = [("view_status", "Can see how the installation is")]

    def __str__(self) -> str:
        return f"{self.messages} from {self.begins_at}"


class BackupQuerySet(models.QuerySet["Backup"]):
    """Reading backups."""

    def unfinished(self) -> "BackupQuerySet":
        """Those that are still to be made: one at most."""
        return self.filter(status__in=Backup.UNFINISHED)

    def there(self) -> "BackupQuerySet":
        """Those that could be restored, the newest first."""
        return self.filter(status=Backup.Status.DONE, deleted_at=None).order_by("-created_at")

    def give_up(self, note: str) -> None:
        """Those of them that are unfinished have failed, with this note."""
        self.unfinished().update(status=Backup.Status.FAILED, finished_at=timezone.now(), note=note)


class Backup(Making):
    """A copy of everything, in a sealed file called `name`.

    Made by the task `task_id`, or by a command when there is none; whoever makes it moves `seen_at`. `note` says why it
    failed, or what was not as it should be. `copied_at` is when it lay at `BACKUP_URL` too; `copy_tried_at` and
    `copy_note` tell of the last try to bring it there, and to delete what is too old. `deleted_at` is when retention
    deleted its file. A drill that restored it set `proved_at`; `drilled_at`, `drill_seconds` and `drill_result` tell of
    the last one, which may have failed.
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
