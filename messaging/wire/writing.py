"""The bodies that clients send, the same over HTTP and the socket."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from common.errors import invalid
from common.text import LINES, is_blank
from common.wire import Body, ClientId
from encryption.wire import Envelope
from media.wire import ATTACHMENTS
from messaging.wire.mentions import MENTIONS

CONTENT_SIZE = 10_000
METADATA_BYTES = 4096
ONLY_ENVELOPE = "Leave this empty: the content of an encrypted message belongs in its envelope."
NOT_E2EE = "This conversation is not end-to-end encrypted. Send the message without an envelope."
UNSEALED = "This conversation is end-to-end encrypted. Send the message as an envelope, sealed by your device."
Content = Annotated[str, Meta(max_length=CONTENT_SIZE)]
AttachmentIds = Annotated[list[UUID], Meta(max_length=ATTACHMENTS)]
MentionIds = Annotated[list[UUID], Meta(max_length=MENTIONS)]
Seq = Annotated[int, Meta(ge=0, le=2**62)]


class NewMessage(Body):
    """A message as its sender writes it. `client_id` makes retrying safe; choose a new one for each message.
    `thread_id` is the first message of the thread it belongs to. Mention members by `@name` in the text, or by
    `mention_ids`. `attachment_ids` are your own uploads for this conversation; with attachments the text may be empty,
    and the first of them determines the `content_type`, whatever you send here.

    In an end-to-end encrypted conversation send an `envelope` and leave `content` and `metadata` empty. `roster_seq` is
    that of the envelope.

    Sending a message marks everything before it as read. With `marks_read` false, your read mark advances only if there
    are no messages of others between it and the new message."""

    content: Content = ""
    client_id: ClientId | None = None
    content_type: Literal["text", "image", "video", "audio", "file", "encrypted"] = "text"
    reply_to_id: UUID | None = None
    thread_id: UUID | None = None
    attachment_ids: AttachmentIds = []
    mention_ids: MentionIds = []
    metadata: dict[str, Any] | None = None
    envelope: Envelope | None = None
    roster_seq: Seq | None = None
    marks_read: bool = True

    def check(self) -> None:
        """Check what the types cannot express. Refuses (`invalid`) blank text without an attachment, too much metadata,
        and content beside an envelope."""
        if self.envelope:
            self._check_sealed(self.envelope)
        elif self.content_type == "encrypted":
            raise invalid("envelope", "An encrypted message needs an envelope.", "required")
        elif not self.attachment_ids:
            check_content(self.content)
            if self.content_type != "text":
                raise invalid(
                    "attachment_ids", f"A message of type {self.content_type} needs an attachment.", "required"
                )
        if self.metadata is not None and len(msgspec.json.encode(self.metadata)) > METADATA_BYTES:
            raise invalid("metadata", f"Metadata can have at most {METADATA_BYTES} bytes.")

    def _check_sealed(self, envelope: Envelope) -> None:
        for field in ("content", "metadata"):
            if getattr(self, field):
                raise invalid(field, ONLY_ENVELOPE)
        if self.roster_seq not in (None, envelope.roster_seq):
            raise invalid("roster_seq", "This is not the roster_seq of the envelope. Send the same one, or none.")
        envelope.check()


class Reaction(Body):
    """An emoji."""

    emoji: Annotated[str, Meta(min_length=1, max_length=64)]


class NewReport(Body):
    """Why the moderators should review it."""

    reason: Literal["spam", "abuse", "violence", "sexual", "illegal", "other"]
    comment: Annotated[str, Meta(max_length=1000, extra=LINES)] = ""


class TypingChange(Body):
    """Whether you are typing; valid for 6 seconds."""

    is_typing: bool


class MessageChange(Body):
    """The new text of your message, the members it mentions besides those in the text, and its attachments; without
    `attachment_ids` it keeps the attachments it has. In an end-to-end encrypted conversation send a new `envelope`
    instead, sealed as an edit with a new `client_id`."""

    content: Content | None = None
    mention_ids: MentionIds = []
    attachment_ids: AttachmentIds | UnsetType = UNSET
    envelope: Envelope | None = None
    client_id: ClientId | None = None

    def check(self) -> None:
        """Check what the types cannot express. Refuses (`invalid`) a change with neither text nor envelope, text beside
        an envelope, and an envelope without a `client_id`."""
        if self.envelope is None:
            if self.content is None:
                raise invalid("content", "This field is required.", "required")
            return
        if self.content:
            raise invalid("content", ONLY_ENVELOPE)
        if self.client_id is None:
            raise invalid("client_id", "An encrypted edit needs a new client_id.", "required")
        self.envelope.check()

    @property
    def text(self) -> str:
        """The new text; empty if it is sealed in an envelope."""
        return self.content or ""


class Mark(msgspec.Struct):
    """A position in the log: everything up to it was read, or delivered."""

    seq: Seq


class NewMark(Body):
    """Up to where you have read, or received; without `seq`, or without a body, everything."""

    seq: Seq | UnsetType = UNSET

    def resolve(self, head: int) -> int:
        """The seq to mark up to, in a log that ends at `head`."""
        return head if self.seq is UNSET else self.seq


class Positions(Body):
    """What a client has: the epoch from `hello` and, for each conversation, the last seq it has received. For
    conversations that are missing here, the answer tells their head."""

    epoch: str
    positions: Annotated[dict[UUID, Seq], Meta(max_length=1000)]


def check_content(content: str) -> None:
    """Refuse (`invalid`) text without a visible character."""
    if is_blank(content):
        raise invalid("content", "Enter some text.", "required")
