from django.db import models
from django.db.models.functions import Now

from chatproject.common.ids import uuid7


class OneTime(models.Model):
    """Something that works once: a code sent by mail or a socket ticket. Only a keyed hash of it is kept.

    A code belongs to its purpose, person and address; sending a new one ends the old (`unspent` is unique) but keeps
    the count of wrong tries. A ticket is found by its hash.
    """

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"
        CHANGE_EMAIL = "change_email"
        RESET_PASSWORD = "reset_password"
        SOCKET_TICKET = "socket_ticket"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=16, choices=Purpose)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    session = models.ForeignKey("accounts.Session", models.CASCADE, null=True, related_name="+")
    address = models.EmailField(max_length=254, blank=True)
    secret_hash = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "purpose"],
                condition=models.Q(used_at__isnull=True) & ~models.Q(purpose="socket_ticket"),
                name="one_time_one_unspent_code",
            ),
        ]
        indexes = [
            models.Index(fields=["secret_hash"], name="one_time_by_secret"),
            models.Index(fields=["expires_at"], name="one_time_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"
