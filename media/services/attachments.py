"""Attaching uploads to messages. Call these functions in a transaction with the conversation locked."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from media.models import Attachment, Upload
from media.services.uploads import delete_uploads

AttachRequest = tuple[UUID, UUID, Sequence[UUID]]
"""A conversation, a sender, and the uploads to attach."""


class AttachableUploads:
    """Loads the uploads for several messages with one query, or without any if there are none."""

    def __init__(self, requests: Iterable[AttachRequest]) -> None:
        ids = {id_ for _, _, ids in requests for id_ in ids}
        self._found = Upload.objects.in_bulk(ids) if ids else {}

    def of(self, request: AttachRequest) -> list[Upload] | None:
        """The requested uploads, in order; None if one of them is not the sender's, or not for this conversation."""
        conversation_id, sender_id, ids = request
        if not ids:
            return []
        found = [self._found.get(id_) for id_ in dict.fromkeys(ids)]
        own = [
            upload
            for upload in found
            if upload and (upload.conversation_id, upload.uploader_id) == (conversation_id, sender_id)
        ]
        return own if len(own) == len(found) else None


def replace_attachments(message_id: UUID, seq: int, uploads: Sequence[Upload] = ()) -> None:
    """Attach exactly these uploads to the message. Uploads that are no longer in any message are deleted."""
    before = list(Attachment.objects.filter(message_id=message_id).values_list("upload_id", flat=True))
    Attachment.objects.filter(message_id=message_id).delete()
    Attachment.objects.bulk_create(
        Attachment(
            upload=upload, conversation_id=upload.conversation_id, message_id=message_id, seq=seq, position=position
        )
        for position, upload in enumerate(uploads)
    )
    delete_uploads(Upload.objects.filter(id__in=before, attachments=None))
    mark_sent_as_is([upload for upload in uploads if upload.id not in before])


def mark_sent_as_is(uploads: Iterable[Upload]) -> None:
    """Mark uploads that were sent although their sender could know that they were not cleaned: others may get them."""
    if withheld := [upload.id for upload in uploads if upload.is_withheld]:
        Upload.objects.filter(id__in=withheld).update(sent_as_is=True)
