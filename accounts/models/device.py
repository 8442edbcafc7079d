from django.db import models
from django.db.models.functions import Now

from common.ids import uuid7


class Device(models.Model):
    """A device that gets pushes. It belongs to the session that registered it last, and is deleted with it.

    `token` is a secret of the device: the registration token of FCM, or the browser's push subscription as JSON.
    """

    class Provider(models.TextChoices):
        FCM = "fcm"
        WEBPUSH = "webpush"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="devices")
    session = models.ForeignKey("accounts.Session", models.CASCADE, related_name="devices")
    provider = models.CharField(max_length=8, choices=Provider)
    token = models.TextField()
    token_hash = models.CharField(max_length=64)
    name = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token_hash"], name="device_token_once")]

    def __str__(self) -> str:
        return self.name or f"{self.provider} {self.id}"
