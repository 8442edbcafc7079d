from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from chatproject.common.ids import uuid7


class Suite(models.TextChoices):
    """Which algorithms a device's keys are for; docs/encryption.md has each."""

    RSA = "rsa-oaep-3072+aes-256-gcm+rsa-pss"
    CURVE = "x25519+aes-256-gcm+ed25519"


class KeyDevice(models.Model):
    """A device that can read what is encrypted end to end: the public halves of its keys. It ends with its sign-in.

    What ends stays as a row, so that an old message still says from which device it was.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="key_devices")
    session = models.ForeignKey("accounts.Session", models.SET_NULL, null=True, related_name="key_devices")
    name = models.CharField(max_length=100, blank=True)
    suite = models.CharField(max_length=40, choices=Suite)
    encryption_key = models.BinaryField(max_length=422)
    signing_key = models.BinaryField(max_length=422)
    signature = models.BinaryField(max_length=384)
    created_at = models.DateTimeField(db_default=Now())
    rotated_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(removed_at__isnull=True), name="one_key_device_per_session"
            )
        ]
        indexes = [
            models.Index(fields=["user"], condition=Q(removed_at__isnull=True), name="key_device_live"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)


class KeyChange(models.Model):
    """A line of a person's key log, which only grows: each carries the hash of the one before, so that nobody takes one
    out or slips one in without every later hash being another."""

    class Kind(models.TextChoices):
        ADDED = "added"
        ROTATED = "rotated"
        RESET = "reset"
        REMOVED = "removed"

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    device_id = models.UUIDField()
    bundle = models.JSONField()
    proof = models.TextField(blank=True)
    at = models.DateTimeField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "number"], name="key_change_once_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.device_id}"


class ManagedKey(models.Model):
    """A key pair that the server made for somebody. The private half is wrapped by their passphrase, which is not kept.

    The newest of a person is the one that others encrypt for; the older ones open what they were used for. `wrapped` is
    the private key (PKCS 8) under AES-256-GCM, its key made of the passphrase by Argon2id with `salt`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    public_key = models.TextField()
    wrapped = models.BinaryField()
    nonce = models.BinaryField(max_length=12)
    salt = models.BinaryField(max_length=16)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="managed_key_newest")]

    def __str__(self) -> str:
        return str(self.id)
