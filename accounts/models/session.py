from datetime import datetime

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from chatproject.common.ids import uuid7


class SessionQuerySet(models.QuerySet["Session"]):
    """Reading sign-ins."""

    def live(self, now: datetime | None = None) -> "SessionQuerySet":
        """Sign-ins that have neither ended nor expired, of people who may sign in."""
        return self.filter(
            ended_at__isnull=True, expires_at__gt=now or timezone.now(), user__is_active=True
        ).select_related("user")


class Session(models.Model):
    """One sign-in on one device: a row, so that it can be looked at and ended.

    Its refresh tokens are a family: each is derived from the session's id and `generation`, which a refresh moves on.
    `is_received` says that the tokens of this generation were used, so the answer with them has arrived.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="sessions")
    generation = models.PositiveIntegerField(default=0)
    is_received = models.BooleanField(default=True, db_default=True)
    rotated_at = models.DateTimeField(db_default=Now())
    device_name = models.CharField(max_length=100, blank=True)
    address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = "sign-in"
        indexes = [
            models.Index(fields=["user"], condition=models.Q(ended_at__isnull=True), name="session_live_by_user")
        ]

    def __str__(self) -> str:
        return f"{self.device_name or 'session'} {self.id}"
