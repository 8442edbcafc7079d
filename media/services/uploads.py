"""Bringing files: kept with their first bytes' type, processed in the background, collected when nobody shows them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from chatproject.common import apart
from chatproject.common.errors import Refusal, not_found
from chatproject.common.idempotency import note, once
from chatproject.common.limited import limited
from conversations.models import Conversation, Membership
from conversations.services.locking import refuse_unless_allowed
from media.arriving import Arrived
from media.models import Upload
from media.services import blobs
from media.services.arrivals import refuse_beyond_quota
from media.sniffing import kind_of

Kind, Status = Upload.Kind, Upload.Status
SHOWN = {Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.VOICE}
"""What has something to look at or to listen to, which is found in the background."""
SEALED = "sealed", "application/octet-stream", ""
ENDED = Q(conversation__deleted_at__isnull=False)


def check_upload(actor: User, *, conversation_id: UUID, size: int) -> Membership:
    """What can be said before the file is here. Refuses `not_found`, `read_only` and `quota_exceeded`."""
    membership = Membership.objects.of(actor, conversation_id)
    refuse_unless_allowed(membership, "send_message")
    refuse_beyond_quota(actor, size)
    return membership


@once(Upload, apart=True)
def keep_upload(actor: User, *, conversation_id: UUID, file: Arrived, wanted: str = "") -> Upload:
    """Keep a file for messages of this conversation; pictures and recordings are processed from now on.

    `wanted` may say that a recording is a `voice` note, or that anything is to be sent as it is, as a `document`.
    End to end all are bytes that nobody here understands: they have no name and no type.
    """
    membership = Membership.objects.of(actor, conversation_id)
    if membership.conversation.is_e2ee:
        file.filename, file.mime_type, wanted = SEALED
    kind = _kind(file.mime_type, wanted)
    with blobs.stored(file) as written, transaction.atomic():
        actor = User.objects.lock(actor)
        check_upload(actor, conversation_id=conversation_id, size=file.size or 0)
        (content,) = blobs.keep(written).values()
        upload = Upload.objects.create(
            conversation_id=conversation_id,
            uploader=actor,
            kind=kind,
            status=Status.PROCESSING if kind in SHOWN else Status.READY,
            filename=file.filename,
            mime_type=file.mime_type,
            size=content.size,
            content=content,
            is_cleaned=None if kind in SHOWN else False,
        )
        note(upload)
        return upload


@limited("RATE_CHANGES")
def discard_upload(actor: User, *, upload_id: UUID) -> None:
    """Take back an own file that stands in no message. Refuses `not_found`, and `conflict` when it stands in one."""
    upload = Upload.objects.visible_to(actor).filter(id=upload_id).first()
    if upload is None:
        raise not_found()
    if upload.uploader_id != actor.id:
        raise Refusal("permission_denied")
    with transaction.atomic():
        Conversation.objects.locked(upload.conversation_id).first()
        if upload.attachments.exists():
            raise Refusal("conflict", "It stands in a message: delete or edit that.")
        delete(Upload.objects.filter(id=upload_id))  # as it is now: it may just have been made ready


def delete(uploads: Iterable[Upload]) -> None:
    """Delete uploads, and the bytes that nobody else shows. In the caller's transaction, their conversation locked."""
    gone = list(uploads)
    Upload.objects.filter(id__in=[upload.id for upload in gone]).delete()
    blobs.release({id_ for one in gone for id_ in (one.content_id, one.small_id, one.large_id, one.aac_id)})


def collect(before: datetime) -> None:
    """Delete what was brought before this moment and stands in no message, and what belongs to ended conversations."""
    outdated = Upload.objects.filter(Q(created_at__lt=before) & Q(attachments=None) | ENDED)
    apart.each(outdated.values_list("id", flat=True), _collect)


@transaction.atomic
def _collect(upload_id: UUID) -> None:
    there = Upload.objects.filter(id=upload_id).values_list("conversation_id", flat=True)
    Conversation.objects.locked(*there).first()
    delete(Upload.objects.filter(Q(attachments=None) | ENDED, id=upload_id))


def upload_of(actor: User, upload_id: UUID) -> Upload:
    """An upload that they may see at this moment. Refuses `not_found`."""
    files = ("content", "small", "large", "aac")
    upload = Upload.objects.visible_to(actor).select_related(*files).filter(id=upload_id).first()
    if upload is None:
        raise not_found()
    return upload


def refuse_unless_given(actor: User, upload: Upload) -> None:
    """Refuses (`conflict`) the bytes of what is not ready yet, or could not be cleaned and was sent without knowing."""
    if upload.status == Status.PROCESSING:
        raise Refusal("conflict", "This file is still being made ready.", retry_after=1)
    if upload.is_withheld and upload.uploader_id != actor.id:
        raise Refusal("conflict", "This file could not be cleaned. Its sender can send it again as it is.")


def _kind(mime_type: str, wanted: str) -> str:
    kind = kind_of(mime_type)
    if wanted == Kind.DOCUMENT:
        return Kind.DOCUMENT
    return Kind.VOICE if wanted == Kind.VOICE and kind in (Kind.AUDIO, Kind.VIDEO) else kind
