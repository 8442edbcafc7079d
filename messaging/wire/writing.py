"""What clients send, the same over HTTP and the socket."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chatproject.common.errors import invalid
from chatproject.common.text import LINES, is_blank
from chatproject.common.wire import Body, ClientId
from encryption.wire import Envelope
from media.wire import ATTACHMENTS
from messaging.mentions import MENTIONS

CONTENT_SIZE = 10_000
METADATA_BYTES = 4096
BESIDE = "Whatever a sealed message says stands in its envelope."
NOT_E2EE = "This conversation is not end to end."
UNSEALED = "This conversation is end to end: its messages are sealed by the device that sends them."
Content = Annotated[str, Meta(max_length=CONTENT_SIZE)]
AttachmentIds = Annotated[list[UUID], Meta(max_length=ATTACHMENTS)]
MentionIds = Annotated[list[UUID], Meta(max_length=MENTIONS)]
Place = Annotated[int, Meta(ge=0, le=2**62)]


class NewMessage(Body):
    """A message as its sender writes it. `client_id` makes retrying safe; choose a new one per message. `thread_id` is
    the first message of the thread it belongs to. Members are mentioned by `@name` in the text, or by `mention_ids`.
    `attachment_ids` are own uploads for this conversation; with some, the text may be empty, and the first of them
    gives the `content_type`, whatever stands here.

    In an end-to-end conversation the message is an `envelope` and nothing of it stands elsewhere: no content, no
    metadata. `roster_seq` is that of the envelope.

    Whoever writes has read what came before. With `marks_read` false they say nothing of the kind: then their read mark
    moves on with the message only where nothing of others lies between."""

    content: Content = ""
    client_id: ClientId | None = None
    content_type: Literal["text", "image", "video", "audio", "file", "encrypted"] = "text"
    reply_to_id: UUID | None = None
    thread_id: UUID | None = None
    attachment_ids: AttachmentIds = []
    mention_ids: MentionIds = []
    metadata: dict[str, Any] | None = None
    envelope: Envelope | None = None
    roster_seq: Place | None = None
    marks_read: bool = True

    def check(self) -> None:
        """What the types cannot say: refuses (`invalid`) blank text without a file, too much metadata, and an envelope
        beside which something else is said."""
        if self.envelope:
            self._check_sealed(self.envelope)
        elif self.content_type == "encrypted":
            raise invalid("envelope", "An encrypted message is an envelope.", "required")
        elif not self.attachment_ids:
            check_content(self.content)
            if self.content_type != "text":
                raise invalid("attachment_ids", f"A message of type {self.content_type} needs a file.", "required")
        if self.metadata is not None and len(msgspec.json.encode(self.metadata)) > METADATA_BYTES:
            raise invalid("metadata", f"Metadata has at most {METADATA_BYTES} bytes.")

    def _check_sealed(self, envelope: Envelope) -> None:
        for field in ("content", "metadata"):
            if getattr(self, field):
                raise invalid(field, BESIDE)
        if self.roster_seq not in (None, envelope.roster_seq):
            raise invalid("roster_seq", "The envelope was made for another.")
        envelope.check()


class Reaction(Body):
    """An emoji."""

    emoji: Annotated[str, Meta(min_length=1, max_length=64)]


class NewReport(Body):
    """Why the operators should look at it."""

    reason: Literal["spam", "abuse", "violence", "sexual", "illegal", "other"]
    comment: Annotated[str, Meta(max_length=1000, extra=LINES)] = ""


class TypingChange(Body):
    """Whether I am typing; good for 6 seconds."""

    is_typing: bool


class MessageChange(Body):
    """The new text of an own message, whom it names besides those in the text, and the files it carries from now on;
    without `attachment_ids` it keeps those it has. End to end it is a new `envelope` instead, sealed as an edit under a
    `client_id` of its own."""

    content: Content | None = None
    mention_ids: MentionIds = []
    attachment_ids: AttachmentIds | UnsetType = UNSET
    envelope: Envelope | None = None
    client_id: ClientId | None = None

    def check(self) -> None:
        """What the types cannot say: refuses (`invalid`) neither text nor envelope, an envelope beside which something
        is said, and one without a `client_id`."""
        if self.envelope is None:
            if self.content is None:
                raise invalid("content", "This field is required.", "required")
            return
        if self.content:
            raise invalid("content", BESIDE)
        if self.client_id is None:
            raise invalid("client_id", "An edit is sealed under a client_id of its own.", "required")
        self.envelope.check()

    @property
    def text(self) -> str:
        """The new text; none where it is sealed."""
        return self.content or ""


class Mark(msgspec.Struct):
    """A place in the log: everything up to it was read, or delivered."""

    seq: Place


class NewMark(Body):
    """How far one has read, or how far it has arrived; without `seq`, or a body, all that is there."""

    seq: Place | UnsetType = UNSET

    def upto(self, head: int) -> int:
        """The place that is meant, the last one being `head`."""
        return head if self.seq is UNSET else self.seq


class Positions(Body):
    """What a client holds: the epoch it was told and, per conversation, the last place it has. Of what it does not name
    it is told how far that has come."""

    epoch: str
    positions: Annotated[dict[UUID, Place], Meta(max_length=1000)]


def check_content(content: str) -> None:
    """Refuses (`invalid`) text of which nothing can be seen."""
    if is_blank(content):
        raise invalid("content", "A message needs some text.", "required")
