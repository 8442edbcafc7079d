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

    What ends stays as a row, so that an old message still says from which device it was. `last_prekey` is the highest
    number that it has given a prekey: none comes twice, not even of one that is gone.
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


class RosterEntry(models.Model):
    """From this place of an end-to-end conversation on, this member's devices are those that their key log had after
    line `key_number`; 0 stands for none. Says of every old message which keys its sender had then."""

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
    """A key of a device for one message of one asker, signed by the device. A one-time key is deleted as it is handed
    out; the `is_fallback` one of a device is handed out when there is no other, again and again."""

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
    """The private keys of somebody's devices, which a client has wrapped under a passphrase: opaque here. `version`
    moves on with every change, so that an older client does not overwrite what it has not seen. It never comes back:
    where the backup was deleted the row stays, without the blob."""

    user = models.OneToOneField("accounts.User", models.CASCADE, primary_key=True, related_name="+")
    version = models.PositiveIntegerField(default=0)
    blob = models.JSONField(null=True)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"version {self.version} of {self.user_id}"


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
