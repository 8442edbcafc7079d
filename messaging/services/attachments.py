"""A message changes when one of its files is ready: a place in the log, as any other change."""

from chatproject.common.clock import now
from conversations.log import Kind
from media import hooks
from media.models import Upload
from messaging.attachments import carried_by, content_type_of, shown_of
from messaging.models import Message
from messaging.services.locking import write_change


@hooks.upload_processed.register
def tell_processed(upload: Upload) -> None:
    """Tell the conversation, which is locked, how the messages with this upload look now."""
    carrying = upload.attachments.values("message_id")
    for message in Message.objects.shown().filter(id__in=carrying, deleted_at__isnull=True).order_by("seq"):
        message.conversation = upload.conversation
        uploads = carried_by(message)
        fields = {"attachments": shown_of(uploads), "content_type": content_type_of(uploads)}
        write_change(upload.conversation, None, message, Kind.MESSAGE_UPDATED, now(), **fields)
