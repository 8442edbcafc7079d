from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from common.compiled import CompiledQuery, Parameter
from common.ids import uuid7
from common.loading import QuicklyLoaded


class SessionQuerySet(models.QuerySet["Session"]):
    """Queries for sessions."""

    def live(self, now: datetime | Parameter | None = None) -> "SessionQuerySet":
        """The sessions that have neither ended nor expired, of people who may sign in."""
        return self.filter(
            ended_at__isnull=True, expires_at__gt=now or timezone.now(), user__is_active=True
        ).select_related("user")

    def find_live(self, session_id: UUID | str | None, now: datetime | None = None) -> "Session | None":
        """The live session with this ID, with its user."""
        return _find_live.first(id=session_id, now=now or timezone.now()) if session_id else None


@CompiledQuery
def _find_live() -> SessionQuerySet:
    return Session.objects.live(Parameter("now", models.DateTimeField())).filter(id=Parameter("id"))


class Session(QuicklyLoaded):
    """One sign-in on one device. It is a row, so that it can be listed and ended.

    Its refresh tokens are derived from the session's ID and `generation`, which each refresh moves on. `is_received`
    says that a token of this generation was used, so the response with it has arrived.
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
