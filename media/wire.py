"""Files as they go over the wire."""

from typing import Literal
from uuid import UUID

import msgspec

from accounts.wire import UserRef, person
from chatproject.common.clock import rfc3339
from chatproject.common.wire import Moment
from media.models import Attachment, Upload

ATTACHMENTS = 10
"""How many files one message carries at most."""


class UploadState(msgspec.Struct, kw_only=True):
    """A file, alone or in a message. While it is `processing`, it has no content and no thumbnail; of what `failed`
    nothing but its bytes is known.

    `is_cleaned` says whether nothing is left of the file but what one sees and hears; null while that is not known.
    What is not cleaned is given out byte for byte as it came, as a download: it may say where and with what it was
    made, and by whom. What `failed` after it was sent is given to nobody but its sender, who may send it again as it
    is.

    `size` is in bytes, `duration` in seconds. `waveform` are 64 levels from 0 to 100, `placeholder` is a data URL with
    a few pixels. The addresses are for whoever may see the message; `thumbnail_url` takes `?size=small|large`.
    """

    id: UUID
    conversation_id: UUID
    kind: Literal["image", "video", "audio", "voice", "document", "other"]
    status: Literal["processing", "ready", "failed"]
    filename: str
    mime_type: str
    size: int
    width: int | None
    height: int | None
    duration: float | None
    waveform: list[int] | None
    placeholder: str | None
    content_url: str
    thumbnail_url: str | None
    aac_url: str | None = None
    """The same sound as AAC, where not every device plays what was sent."""
    is_cleaned: bool | None = None


class SharedFile(UploadState, kw_only=True):
    """A file that was sent in a conversation, and by which message."""

    message_id: UUID
    seq: int
    sender: UserRef
    created_at: Moment


def upload_state(upload: Upload) -> UploadState:
    """An upload as everybody sees it who may."""
    address = f"/api/v1/media/{upload.id}"
    return UploadState(
        id=upload.id,
        conversation_id=upload.conversation_id,
        kind=upload.kind,  # type: ignore[arg-type]
        status=upload.status,  # type: ignore[arg-type]
        filename=upload.filename,
        mime_type=upload.mime_type,
        size=upload.size,
        width=upload.width,
        height=upload.height,
        duration=upload.duration,
        waveform=upload.waveform,
        placeholder=upload.placeholder or None,
        content_url=f"{address}/content/",
        thumbnail_url=f"{address}/thumbnail/" if upload.small_id else None,
        aac_url=f"{address}/aac/" if upload.aac_id else None,
        is_cleaned=upload.is_cleaned,
    )


def shared_file(attachment: Attachment) -> SharedFile:
    """An attachment, with its upload and who brought it at hand."""
    upload = attachment.upload
    return SharedFile(
        **msgspec.structs.asdict(upload_state(upload)),
        message_id=attachment.message_id,
        seq=attachment.seq,
        sender=person(upload.uploader),
        created_at=rfc3339(upload.created_at),
    )
