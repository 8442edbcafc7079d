"""Every command that a client may send. The AsyncAPI document is generated from these structs."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from common.body_errors import errors_in
from common.errors import Refusal
from common.text import clean_fields
from common.wire import Body
from messaging.wire.writing import MessageChange, NewMessage, Positions, Seq

RequestId = Annotated[str, Meta(max_length=64)] | int | None


class Token(Body):
    """An access token."""

    token: Annotated[str, Meta(max_length=4096)]


class SocketMessage(NewMessage, kw_only=True):
    """A message for a conversation, or for the direct conversation with a person, which is created if there is none."""

    conversation_id: UUID | None = None
    recipient_id: UUID | None = None


class MessageEdit(MessageChange, kw_only=True):
    """One of my messages, its new text, and the people it mentions besides those in the text."""

    message_id: UUID


class MessageRef(Body):
    """A message."""

    message_id: UUID


class ReactionRef(Body):
    """An emoji on a message."""

    message_id: UUID
    emoji: Annotated[str, Meta(min_length=1, max_length=64)]


class ConversationRef(Body):
    """A conversation."""

    conversation_id: UUID


class ConversationMark(Body):
    """A position in a conversation's log."""

    conversation_id: UUID
    seq: Seq


class People(Body):
    """Some people, at most 200."""

    user_ids: Annotated[list[UUID], Meta(max_length=200)]


class Nothing(Body):
    """No data."""


class Command(Body, tag_field="type"):
    """A frame from a client. With an `id` there is exactly one reply that carries it."""

    id: RequestId = None


class Authenticate(Command, tag="authenticate", kw_only=True):
    """Sign the socket in; must be the first frame, within 5 seconds."""

    data: Token


class Sync(Command, tag="sync", kw_only=True):
    """Get everything since these positions, then `sync.complete`. When it is the first command after `hello`, nothing
    newer is sent before. Of more than 1,000 conversations name any 1,000: the answer to the first names the others."""

    data: Positions


class MessageSend(Command, tag="message.send", kw_only=True):
    """Send a message. The reply `{message, duplicate}` means that it is stored."""

    data: SocketMessage


class MessageEditCommand(Command, tag="message.edit", kw_only=True):
    """Edit one of my messages."""

    data: MessageEdit


class MessageDelete(Command, tag="message.delete", kw_only=True):
    """Delete one of my messages, or any as a moderator."""

    data: MessageRef


class MessagePin(Command, tag="message.pin", kw_only=True):
    """Pin a message for everybody."""

    data: MessageRef


class MessageUnpin(Command, tag="message.unpin", kw_only=True):
    """Unpin a message."""

    data: MessageRef


class ReactionAdd(Command, tag="reaction.add", kw_only=True):
    """React to a message with an emoji."""

    data: ReactionRef


class ReactionRemove(Command, tag="reaction.remove", kw_only=True):
    """Remove a reaction."""

    data: ReactionRef


class ReadMark(Command, tag="read.mark", kw_only=True):
    """Everything up to here was read. A mark never goes back."""

    data: ConversationMark


class DeliveredMark(Command, tag="delivered.mark", kw_only=True):
    """Everything up to here has arrived on a device."""

    data: ConversationMark


class TypingStart(Command, tag="typing.start", kw_only=True):
    """I am typing; valid for 6 seconds."""

    data: ConversationRef


class TypingStop(Command, tag="typing.stop", kw_only=True):
    """I stopped typing."""

    data: ConversationRef


class PresenceWatch(Command, tag="presence.watch", kw_only=True):
    """Get the presence of these people, now and whenever it changes. Replaces the people watched before."""

    data: People


class Ping(Command, tag="ping", kw_only=True):
    """Answered by `pong`."""

    data: Nothing | None = None


COMMANDS = (
    Authenticate
    | Sync
    | MessageSend
    | MessageEditCommand
    | MessageDelete
    | MessagePin
    | MessageUnpin
    | ReactionAdd
    | ReactionRemove
    | ReadMark
    | DeliveredMark
    | TypingStart
    | TypingStop
    | PresenceWatch
    | Ping
)
BY_NAME: dict[str, type[Command]] = {str(kind.__struct_config__.tag): kind for kind in COMMANDS.__args__}


def request_id(frame: object) -> str | int | None:
    """The `id` of any frame, also of one that is not well formed. None when it has no usable one."""
    found = frame.get("id") if isinstance(frame, dict) else None
    if isinstance(found, str):
        return found if len(found) <= 64 else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def read_command(frame: object) -> Command:
    """The command in a frame that was read as JSON. Refuses (`invalid`) anything else."""
    if not isinstance(frame, dict):
        raise Refusal("invalid", "A frame is a JSON object.")
    name = frame.get("type")
    kind = BY_NAME.get(name) if isinstance(name, str) else None
    if kind is None:
        errors = [{"field": "type", "code": "unknown", "detail": "No such command."}]
        raise Refusal("invalid", "Unknown type of frame.", errors=errors)
    try:
        return clean_fields(msgspec.convert(frame, kind))
    except msgspec.ValidationError:
        raise Refusal("invalid", errors=errors_in(frame, kind)) from None
