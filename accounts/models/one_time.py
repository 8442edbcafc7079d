from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from common.ids import uuid7


class OneTime(models.Model):
    """A one-time secret: a code sent by mail or a socket ticket. Only a keyed hash of it is stored.

    A code belongs to a purpose, an address and one person or registration, who have one code at a time. Wrong tries are
    counted in total and per client address (`places`, by keyed hash) since `created_at`, while the code stays the same.
    A code without an owner stands for an address at which nobody is waiting, so that the time taken reveals nothing. A
    ticket is found by its hash.
    """

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"
        CHANGE_EMAIL = "change_email"
        RESET_PASSWORD = "reset_password"
        SOCKET_TICKET = "socket_ticket"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=16, choices=Purpose)
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    registration = models.ForeignKey("accounts.Registration", models.CASCADE, null=True, related_name="+")
    session = models.ForeignKey("accounts.Session", models.CASCADE, null=True, related_name="+")
    address = models.EmailField(max_length=254, blank=True)
    secret_hash = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    places = models.JSONField(default=dict, db_default={})
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
            models.UniqueConstraint(
                fields=["registration"], condition=models.Q(used_at__isnull=True), name="one_time_one_per_registration"
            ),
            models.UniqueConstraint(
                fields=["address", "purpose"],
                condition=models.Q(used_at__isnull=True, user__isnull=True, registration__isnull=True),
                name="one_time_one_for_nobody",
            ),
        ]
        indexes = [
            models.Index(fields=["secret_hash"], name="one_time_by_secret"),
            models.Index(fields=["expires_at"], name="one_time_by_expiry"),
            models.Index(fields=["address"], condition=~models.Q(address=""), name="one_time_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.owner_id}"

    @property
    def owner_id(self) -> UUID:
        """The ID of the user or registration that it belongs to, or its own ID if it has no owner."""
        return self.user_id or self.registration_id or self.id
