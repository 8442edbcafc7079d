from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from common.ids import uuid7


class Suite(models.TextChoices):
    """The algorithms of a device's keys; docs/encryption.md specifies them."""

    RSA = "rsa-oaep-3072+aes-256-gcm+rsa-pss"
    CURVE = "x25519+aes-256-gcm+ed25519"


class KeyDevice(models.Model):
    """A device that reads end-to-end encrypted messages: its public keys. It is removed when its session ends.

    A removed device stays as a row, so that old messages still show which device they came from. `last_prekey` is the
    highest number of its prekeys so far: no number is used twice, even after a prekey is deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="key_devices")
    session = models.ForeignKey("accounts.Session", models.SET_NULL, null=True, related_name="key_devices")
    name = models.CharField(max_length=100, blank=True)
    suite = models.CharField(max_length=40, choices=Suite)
    encryption_key = models.BinaryField(max_length=422)
    signing_key = models.BinaryField(max_length=422)
    signature = models.BinaryField(max_length=384)
    last_prekey = models.PositiveIntegerField(default=0)
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
    """A line of a person's key log, which is append-only: each line includes the hash of the one before, so that
    removing or inserting one would change all later hashes."""

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


class RosterEntry(models.Model):
    """From `seq` of an end-to-end encrypted conversation on, this member's devices are those in their key log up to
    line `key_number`; 0 means none. So for every old message it is known which keys its sender had."""

    conversation = models.ForeignKey("conversations.Conversation", models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    seq = models.BigIntegerField()
    key_number = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user", "seq"], name="roster_entry_once_per_place"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id} from {self.seq}"


class Prekey(models.Model):
    """A key of a device for one message from one person, signed by the device. A one-time prekey is deleted when it is
    claimed; the device's fallback prekey is handed out repeatedly once there is no other."""

    device = models.ForeignKey(KeyDevice, models.CASCADE, related_name="prekeys", db_index=False)
    number = models.PositiveIntegerField()
    key = models.BinaryField(max_length=422)
    signature = models.BinaryField(max_length=384)
    is_fallback = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device", "number"], name="prekey_once_per_number"),
            models.UniqueConstraint(fields=["device"], condition=Q(is_fallback=True), name="one_fallback_per_device"),
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.device_id}"


class KeyBackup(models.Model):
    """The private keys of somebody's devices, encrypted by a client with a passphrase and opaque to the server.
    `version` grows with every change, so that an outdated client does not overwrite what it has not seen. A version is
    never used again: when the backup is deleted, the row stays without the blob."""

    user = models.OneToOneField("accounts.User", models.CASCADE, primary_key=True, related_name="+")
    version = models.PositiveIntegerField(default=0)
    blob = models.JSONField(null=True)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"version {self.version} of {self.user_id}"


class ManagedKey(models.Model):
    """A key pair that the server made for somebody. The private key is encrypted with their passphrase, which is not
    stored.

    Others encrypt with a person's newest key; older keys decrypt what they were used for. `wrapped` is the private key
    (PKCS 8) under AES-256-GCM, whose key is derived from the passphrase by Argon2id with `salt`.
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
