"""Files as they go over the wire."""

from typing import Literal
from uuid import UUID

import msgspec

from accounts.wire import UserRef, person
from common.clock import rfc3339
from common.wire import Moment
from media.models import Attachment, Upload

ATTACHMENTS = 10
"""How many files one message can have at most."""


class UploadState(msgspec.Struct, kw_only=True):
    """An uploaded file, on its own or in a message. While it is `processing`, it has no content and no thumbnail; if it
    `failed`, only its bytes are available.

    `is_cleaned` says whether all hidden data was removed from the file, null while that is not known. A file that was
    not cleaned is served unchanged, as a download: it may reveal where, with what and by whom it was made. A file that
    `failed` after it was sent is only given to its sender, who can send it again as it is.

    `size` is in bytes, `duration` in seconds. `waveform` has 64 levels from 0 to 100, `placeholder` is a data URL with
    a few pixels. The addresses work for everybody who may see the message; `thumbnail_url` accepts `?size=small|large`.
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
    """The same sound as AAC, if not every device can play the original."""
    is_cleaned: bool | None = None


class SharedFile(UploadState, kw_only=True):
    """A file that was sent in a conversation, and the message with it."""

    message_id: UUID
    seq: int
    sender: UserRef
    created_at: Moment


def upload_state(upload: Upload) -> UploadState:
    """An upload as it is shown to everybody who may see it."""
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
    """An attachment whose upload and uploader are loaded."""
    upload = attachment.upload
    return SharedFile(
        **msgspec.structs.asdict(upload_state(upload)),
        message_id=attachment.message_id,
        seq=attachment.seq,
        sender=person(upload.uploader),
        created_at=rfc3339(upload.created_at),
    )
