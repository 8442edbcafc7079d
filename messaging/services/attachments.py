"""When an upload has been processed, the messages that carry it change, with an entry in the log for each."""

from common.clock import now
from conversations.log import Kind
from media import hooks
from media.models import Upload
from messaging.models import Message
from messaging.services.locking import write_change
from messaging.writing.attachments import attachment_states, content_type_of, uploads_of


@hooks.upload_processed.register
def publish_processed_upload(upload: Upload) -> None:
    """Write and publish the messages with this upload as they look now. The caller has locked the conversation."""
    message_ids = upload.attachments.values("message_id")
    for message in Message.objects.shown().filter(id__in=message_ids, deleted_at__isnull=True).order_by("seq"):
        message.conversation = upload.conversation
        uploads = uploads_of(message)
        fields = {"attachments": attachment_states(uploads), "content_type": content_type_of(uploads)}
        write_change(upload.conversation, None, message, Kind.MESSAGE_UPDATED, now(), **fields)
