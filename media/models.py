from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import User
from chatproject.common.ids import uuid7
from conversations.models import Membership


class Blob(models.Model):
    """Bytes, stored once whoever brought them: known by their digest, and gone with the last upload that shows them.

    The file is named after the row's id, which is never given out again: deleting a file late deletes no later one.
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
    """Reading uploads."""

    def visible_to(self, user: User) -> "UploadQuerySet":
        """What `user` may see: what stands in a message that they may see, and what they have not attached yet."""
        # One condition per row: the membership through which they see the conversation now.
        seen = Attachment.objects.filter(
            upload=OuterRef("pk"),
            conversation__deleted_at__isnull=True,
            conversation__memberships__user=user,
            conversation__memberships__left_at__isnull=True,
            conversation__memberships__visible_from_seq__lt=F("seq"),
        )
        mine = Membership.objects.live().filter(user=user, conversation=OuterRef("conversation_id"))
        return self.filter(Exists(seen) | (Q(uploader=user) & Exists(mine) & ~Exists(attached())))

    def to_be_cleaned(self, moment: datetime) -> "UploadQuerySet":
        """Those that the worker may look at now."""
        return self.filter(is_cleaned=None).filter(Q(due_at=None) | Q(due_at__lte=moment))

    def pending(self) -> "UploadQuerySet":
        """Those that stand in no message."""
        return self.filter(~Exists(attached()))


class Upload(models.Model):
    """A file that somebody brought into a conversation, to be shown in their messages there.

    `kind` and `mime_type` come from its content. Pictures are shown as they were made anew (`content` is replaced),
    `small` and `large` are pictures of it. `duration` is in seconds; `waveform` are 64 levels from 0 to 100;
    `placeholder` is a picture of a few pixels as a data URL. `aac` is the same sound for devices that do not play it.

    `is_cleaned` says whether nothing is left of it but what one sees and hears; None while that is not known. Of the
    version before it is not known either, until the worker has come to it. What could not be cleaned is given to
    others only if it was `sent_as_is`: by somebody who could know.
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
    """When the worker may look at it (again); None: at once. Whoever does moves it on, which is their lease."""
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
        """Whether only its uploader gets the bytes: it was taken for something that would be cleaned, and was not."""
        is_failure = self.kind not in (self.Kind.DOCUMENT, self.Kind.OTHER)
        return is_failure and self.is_cleaned is False and not self.sent_as_is


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Reading attachments."""

    def in_view_of(self, membership: Membership) -> "AttachmentQuerySet":
        """Those of messages that this member may see in their conversation."""
        return self.filter(conversation=membership.conversation_id, seq__gt=membership.visible_from_seq)


class Attachment(models.Model):
    """An upload in a message, which is named by id and by its place (as changes do): who may see the message may see
    the upload."""

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
    """A file on its way in: it takes its place in the quota before it is here. One that was lost goes by itself."""

    uploader = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    size = models.BigIntegerField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.size} bytes"
