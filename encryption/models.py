from django.db import models
from django.db.models.functions import Now

from chatproject.common.ids import uuid7


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
