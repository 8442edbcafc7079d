from django.db import models

from common.ids import uuid7


class Installation(models.Model):
    """The one row that identifies this installation.

    `epoch` changes after a restore or an import: positions from another epoch mean nothing here. `audit_number` and
    `audit_hash` belong to the last entry of the audit log; appending to it locks this row.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.UUIDField(default=uuid7)
    audit_number = models.PositiveBigIntegerField(default=0)
    audit_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_installation")]

    def __str__(self) -> str:
        return f"epoch {self.epoch}"


class AuditEntry(models.Model):
    """What a member of staff did, to what, why and from where. Never changed and never deleted; `hash` covers the entry
    and the hash of the one before it. People appear only by ID, so that no name is left after an erasure.

    `action` is `<noun>.<verb>`; `subject` is the type of the object with `subject_id`. Without an `actor_id` it was a
    command, run by somebody with access to the server.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    action = models.CharField(max_length=50)
    subject = models.CharField(max_length=20, blank=True)
    subject_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=1000, blank=True)
    origin = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "audit log"
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["subject_id", "number"], name="audit_by_subject"),
            models.Index(fields=["actor_id", "number"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.action}"


class Creation(models.Model):
    """Records which object a person created under a `client_id`; `digest` covers the whole request. Kept for ever, like
    the `client_id` of a message. Without a foreign key, because the object may be of any model."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    actor_id = models.UUIDField()
    client_id = models.CharField(max_length=64)
    digest = models.BinaryField(max_length=32)
    object_id = models.UUIDField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["actor_id", "client_id"], name="one_creation_per_client_id")]

    def __str__(self) -> str:
        return f"{self.client_id} of {self.actor_id}"
