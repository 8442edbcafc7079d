"""Which uploads stand in which messages. Every deed here belongs to a transaction of the caller's, who holds the
conversation's lock."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from media.models import Attachment, Upload
from media.services.uploads import delete

Asked = tuple[UUID, UUID, Sequence[UUID]]
"""A conversation, a sender, and the uploads they want to attach."""


class Attachable:
    """The uploads that some messages want to carry: one query for all of them, and none when none wants any."""

    def __init__(self, asked: Iterable[Asked]) -> None:
        ids = {id_ for _, _, ids in asked for id_ in ids}
        self._found = Upload.objects.in_bulk(ids) if ids else {}

    def of(self, asked: Asked) -> list[Upload] | None:
        """The uploads in this order; None when one of them is not the sender's own for this conversation."""
        conversation_id, sender_id, ids = asked
        if not ids:
            return []
        found = [self._found.get(id_) for id_ in dict.fromkeys(ids)]
        mine = [one for one in found if one and (one.conversation_id, one.uploader_id) == (conversation_id, sender_id)]
        return mine if len(mine) == len(found) else None


def reattach(message_id: UUID, seq: int, uploads: Sequence[Upload] = ()) -> None:
    """The message carries these uploads and no others. What stands in no message any more is deleted."""
    before = list(Attachment.objects.filter(message_id=message_id).values_list("upload_id", flat=True))
    Attachment.objects.filter(message_id=message_id).delete()
    Attachment.objects.bulk_create(
        Attachment(upload=one, conversation_id=one.conversation_id, message_id=message_id, seq=seq, position=position)
        for position, one in enumerate(uploads)
    )
    delete(Upload.objects.filter(id__in=before, attachments=None))
    send_as_is([one for one in uploads if one.id not in before])


def send_as_is(uploads: Iterable[Upload]) -> None:
    """Their sender could know that these are not cleaned, and sends them: others get them as they came."""
    if withheld := [one.id for one in uploads if one.is_withheld]:
        Upload.objects.filter(id__in=withheld).update(sent_as_is=True)
