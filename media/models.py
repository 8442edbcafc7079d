from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import User
from common.compiled import Parameter
from common.ids import uuid7
from conversations.models import Membership


class Blob(models.Model):
    """Stored bytes, identified by their digest: stored once even if several people upload them, and deleted with the
    last upload that uses them.

    The file is named after the row's ID, which is never used again, so that deleting a file late cannot hit a newer
    one.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64)
    size = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="blob_once_per_content")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The file's name in the storage."""
        return f"files/{self.id.hex[-2:]}/{self.id.hex}"


class UploadQuerySet(models.QuerySet["Upload"]):
    """Queries for uploads."""

    def visible_to(self, user: User) -> "UploadQuerySet":
        """The uploads that `user` may see: those in messages that they may see, and their own unattached ones."""
        # All conditions on one membership row: the one through which they see the conversation now.
        visible = Attachment.objects.filter(
            upload=OuterRef("pk"),
            conversation__deleted_at__isnull=True,
            conversation__memberships__user=user,
            conversation__memberships__left_at__isnull=True,
            conversation__memberships__visible_from_seq__lt=F("seq"),
        )
        mine = Membership.objects.live().filter(user=user, conversation=OuterRef("conversation_id"))
        return self.filter(Exists(visible) | (Q(uploader=user) & Exists(mine) & ~Exists(attached())))

    def to_be_cleaned(self, moment: datetime | Parameter) -> "UploadQuerySet":
        """The uploads that are due to be processed by the worker."""
        return self.filter(is_cleaned=None).filter(Q(due_at=None) | Q(due_at__lte=moment))

    def pending(self) -> "UploadQuerySet":
        """The uploads that are not attached to a message."""
        return self.filter(~Exists(attached()))


class Upload(models.Model):
    """A file that somebody uploaded to a conversation, to attach it to their messages there.

    `kind` and `mime_type` come from its content. Pictures are re-encoded, which replaces `content`; `small` and `large`
    are thumbnails. `duration` is in seconds; `waveform` has 64 levels from 0 to 100; `placeholder` is a picture of a
    few pixels as a data URL. `aac` is the same sound for devices that cannot play the original.

    `is_cleaned` says whether all hidden data was removed; None while that is not known, also for uploads from before an
    upgrade until the worker has processed them. A file that could not be cleaned is given to others only if it was
    `sent_as_is`, by somebody who could know that it was not cleaned.
    """

    class Kind(models.TextChoices):
        IMAGE = "image"
        VIDEO = "video"
        AUDIO = "audio"
        VOICE = "voice"
        DOCUMENT = "document"
        OTHER = "other"

    class Status(models.TextChoices):
        PROCESSING = "processing"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey("conversations.Conversation", models.CASCADE, related_name="uploads")
    uploader = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    status = models.CharField(max_length=10, choices=Status)
    filename = models.CharField(max_length=255)
    mime_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    duration = models.FloatField(null=True)
    waveform = models.JSONField(null=True)
    placeholder = models.CharField(max_length=1000, blank=True)
    content = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    small = models.ForeignKey(Blob, models.PROTECT, null=True, related_name="+")
    large = models.ForeignKey(Blob, models.PROTECT, null=True, related_name="+")
    aac = models.ForeignKey(Blob, models.PROTECT, null=True, related_name="+")
    is_cleaned = models.BooleanField(null=True)
    sent_as_is = models.BooleanField(db_default=False, default=False)
    due_at = models.DateTimeField(null=True)
    """When the worker may process it (again); None: at once. A worker moves it on when it takes the upload: its
    lease."""
    attempts = models.PositiveSmallIntegerField(db_default=0, default=0)
    created_at = models.DateTimeField(db_default=Now())

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["uploader", "size"], name="upload_by_uploader"),
            models.Index(fields=["id"], condition=Q(is_cleaned=None), name="upload_to_be_cleaned"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_withheld(self) -> bool:
        """Whether only its uploader gets the bytes: it should have been cleaned, but could not be."""
        is_failure = self.kind not in (self.Kind.DOCUMENT, self.Kind.OTHER)
        return is_failure and self.is_cleaned is False and not self.sent_as_is


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Queries for attachments."""

    def in_view_of(self, membership: Membership) -> "AttachmentQuerySet":
        """The attachments of messages that this member may see in their conversation."""
        return self.filter(conversation=membership.conversation_id, seq__gt=membership.visible_from_seq)


class Attachment(models.Model):
    """An upload in a message, which is referenced by ID and by `seq`. Whoever may see the message may see the
    upload."""

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="attachments")
    conversation = models.ForeignKey("conversations.Conversation", models.CASCADE, related_name="+", db_index=False)
    message_id = models.UUIDField()
    seq = models.BigIntegerField()
    position = models.PositiveSmallIntegerField()

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message_id", "upload"], name="attached_once")]
        indexes = [models.Index(fields=["conversation", "seq"], name="attachment_by_place")]

    def __str__(self) -> str:
        return f"{self.upload_id} in {self.message_id}"


def attached() -> models.QuerySet[Attachment]:
    """The attachments of the upload in the query around this one."""
    return Attachment.objects.filter(upload=OuterRef("pk"))


class Arrival(models.Model):
    """A reservation for an upload in progress: it counts towards the quota before the file has arrived. It expires by
    itself if the upload is lost."""

    uploader = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    size = models.BigIntegerField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.size} bytes"
