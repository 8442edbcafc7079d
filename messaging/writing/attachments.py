"""The attachments of a message, and the content type that they give it."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from media.models import Upload
from media.wire import upload_state
from messaging.models import Message

NOT_ATTACHABLE = "Attach only your own uploads that you made for this conversation."
ContentType = Message.ContentType
CONTENT_TYPES = {
    Upload.Kind.IMAGE: ContentType.IMAGE,
    Upload.Kind.VIDEO: ContentType.VIDEO,
    Upload.Kind.AUDIO: ContentType.AUDIO,
    Upload.Kind.VOICE: ContentType.AUDIO,
}


def content_type_of(uploads: Sequence[Upload], *, is_sealed: bool = False) -> str:
    """The content type of a message with these uploads: that of the first one, or text. A sealed message is always
    `encrypted`, because the server cannot know what it contains."""
    if is_sealed:
        return ContentType.ENCRYPTED
    return CONTENT_TYPES.get(Upload.Kind(uploads[0].kind), ContentType.FILE) if uploads else ContentType.TEXT


def attachment_states(uploads: Iterable[Upload]) -> list[dict[str, Any]] | None:
    """The uploads as the message's row stores them, or None without any."""
    return [msgspec.to_builtins(upload_state(upload)) for upload in uploads] or None


def uploads_of(message: Message) -> list[Upload]:
    """The uploads that a message carries, in order."""
    if not message.attachments:
        return []
    return list(Upload.objects.filter(attachments__message_id=message.id).order_by("attachments__position"))
