"""What a message keeps and says of the uploads it carries."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from media.models import Upload
from media.wire import upload_state
from messaging.models import Message

NO_UPLOAD = "Only own uploads for this conversation can be attached."
ContentType = Message.ContentType
CONTENT_TYPES = {
    Upload.Kind.IMAGE: ContentType.IMAGE,
    Upload.Kind.VIDEO: ContentType.VIDEO,
    Upload.Kind.AUDIO: ContentType.AUDIO,
    Upload.Kind.VOICE: ContentType.AUDIO,
}


def content_type_of(uploads: Sequence[Upload], *, is_sealed: bool = False) -> str:
    """What a message with these uploads is: what the first of them is, or text. Of what is sealed nobody knows."""
    if is_sealed:
        return ContentType.ENCRYPTED
    return CONTENT_TYPES.get(Upload.Kind(uploads[0].kind), ContentType.FILE) if uploads else ContentType.TEXT


def shown_of(uploads: Iterable[Upload]) -> list[dict[str, Any]] | None:
    """What the message's row keeps of them: as they look now."""
    return [msgspec.to_builtins(upload_state(upload)) for upload in uploads] or None


def carried_by(message: Message) -> list[Upload]:
    """The uploads of a message, in their order."""
    if not message.attachments:
        return []
    return list(Upload.objects.filter(attachments__message_id=message.id).order_by("attachments__position"))
