"""Uploading files: stored with the type of their content, processed in the background, deleted when unused."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from common import isolation
from common.action_limits import limited
from common.errors import Refusal, not_found
from common.idempotency import idempotent, record_creation
from conversations.models import Conversation, Membership
from conversations.services.locking import refuse_unless_allowed
from media.models import Upload
from media.services import blobs
from media.services.reservations import refuse_beyond_quota
from media.sniffing import kind_of
from media.upload_parser import ReceivedFile

Kind, Status = Upload.Kind, Upload.Status
PROCESSED_KINDS = {Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.VOICE}
"""Kinds that are processed in the background."""
SEALED = "sealed", "application/octet-stream", ""
OF_DELETED = Q(conversation__deleted_at__isnull=False)


def check_upload(actor: User, *, conversation_id: UUID, size: int) -> Membership:
    """The checks before the file arrives. Refuses `not_found`, `read_only` and `quota_exceeded`."""
    membership = Membership.objects.of(actor, conversation_id)
    refuse_unless_allowed(membership, "send_message")
    refuse_beyond_quota(actor, size)
    return membership


@idempotent(Upload, has_own_transaction=True)
def keep_upload(actor: User, *, conversation_id: UUID, file: ReceivedFile, wanted: str = "") -> Upload:
    """Store a file for messages of this conversation; pictures and recordings are then processed in the background.

    `wanted` may mark a recording as a `voice` note, or any file as a `document`, to be sent unchanged. In end-to-end
    encrypted conversations the bytes are opaque: they have no name and no type.
    """
    membership = Membership.objects.of(actor, conversation_id)
    if membership.conversation.is_e2ee:
        file.filename, file.mime_type, wanted = SEALED
    kind = _kind(file.mime_type, wanted)
    with blobs.store_blobs(file) as written, transaction.atomic():
        actor = User.objects.lock(actor)
        check_upload(actor, conversation_id=conversation_id, size=file.size or 0)
        (content,) = blobs.keep_blobs(written).values()
        upload = Upload.objects.create(
            conversation_id=conversation_id,
            uploader=actor,
            kind=kind,
            status=Status.PROCESSING if kind in PROCESSED_KINDS else Status.READY,
            filename=file.filename,
            mime_type=file.mime_type,
            size=content.size,
            content=content,
            is_cleaned=None if kind in PROCESSED_KINDS else False,
        )
        record_creation(upload)
        return upload


@limited("RATE_CHANGES")
def discard_upload(actor: User, *, upload_id: UUID) -> None:
    """Delete one of the actor's uploads that is in no message. Refuses `not_found`, and `conflict` if it is in one."""
    upload = Upload.objects.visible_to(actor).filter(id=upload_id).first()
    if upload is None:
        raise not_found()
    if upload.uploader_id != actor.id:
        raise Refusal("permission_denied")
    with transaction.atomic():
        Conversation.objects.locked(upload.conversation_id).first()
        if upload.attachments.exists():
            raise Refusal("conflict", "This file is in a message. Delete or edit the message instead.")
        delete_uploads(Upload.objects.filter(id=upload_id))  # reloaded: it may just have been processed


def delete_uploads(uploads: Iterable[Upload]) -> None:
    """Delete uploads, and their bytes if no other upload uses them. In the caller's transaction, with their
    conversation locked."""
    deleted = list(uploads)
    Upload.objects.filter(id__in=[upload.id for upload in deleted]).delete()
    blobs.release_blobs(
        {id_ for upload in deleted for id_ in (upload.content_id, upload.small_id, upload.large_id, upload.aac_id)}
    )


def delete_outdated(before: datetime) -> None:
    """Delete unattached uploads that are older than this, and all uploads of deleted conversations."""
    outdated = Upload.objects.filter(Q(created_at__lt=before) & Q(attachments=None) | OF_DELETED)
    isolation.for_each(outdated.values_list("id", flat=True), _delete_if_outdated)


@transaction.atomic
def _delete_if_outdated(upload_id: UUID) -> None:
    there = Upload.objects.filter(id=upload_id).values_list("conversation_id", flat=True)
    Conversation.objects.locked(*there).first()
    delete_uploads(Upload.objects.filter(Q(attachments=None) | OF_DELETED, id=upload_id))


def upload_of(actor: User, upload_id: UUID) -> Upload:
    """An upload that the actor may see now. Refuses `not_found`."""
    files = ("content", "small", "large", "aac")
    upload = Upload.objects.visible_to(actor).select_related(*files).filter(id=upload_id).first()
    if upload is None:
        raise not_found()
    return upload


def refuse_unless_readable(actor: User, upload: Upload) -> None:
    """Refuses (`conflict`) the bytes of an upload that is not ready, or that could not be cleaned and was sent before
    its sender could know that."""
    if upload.status == Status.PROCESSING:
        raise Refusal("conflict", "This file is still being processed. Try again in a moment.", retry_after=1)
    if upload.is_withheld and upload.uploader_id != actor.id:
        raise Refusal("conflict", "This file could not be cleaned. Its sender can send it again as it is.")


def _kind(mime_type: str, wanted: str) -> str:
    kind = kind_of(mime_type)
    if wanted == Kind.DOCUMENT:
        return Kind.DOCUMENT
    return Kind.VOICE if wanted == Kind.VOICE and kind in (Kind.AUDIO, Kind.VIDEO) else kind
