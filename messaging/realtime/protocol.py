"""The socket's vocabulary: every command a client may send. The AsyncAPI document is generated from these structs."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from chatproject.common.errors import Refusal
from chatproject.common.faults import faults_in
from chatproject.common.text import tidy
from chatproject.common.wire import Body
from messaging.wire.writing import MessageChange, NewMessage, Place, Positions

RequestId = Annotated[str, Meta(max_length=64)] | int | None


class Token(Body):
    """An access token."""

    token: Annotated[str, Meta(max_length=4096)]


class SocketMessage(NewMessage, kw_only=True):
    """A message for a conversation, or for the direct conversation with a person, which is made if need be."""

    conversation_id: UUID | None = None
    recipient_id: UUID | None = None


class MessageEdit(MessageChange, kw_only=True):
    """An own message, its new text, and whom it names besides those in the text."""

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
    """A place in a conversation's log."""

    conversation_id: UUID
    seq: Place


class People(Body):
    """People; at most 200."""

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
    """Be sent everything since these positions, then `sync.complete`. Sent first after `hello`, nothing newer is
    heard before it. Of more than 1,000 conversations send any 1,000: the answer to the first names the others."""

    data: Positions


class MessageSend(Command, tag="message.send", kw_only=True):
    """Send a message. The reply `{message, duplicate}` means that it is stored."""

    data: SocketMessage


class MessageEditCommand(Command, tag="message.edit", kw_only=True):
    """Edit an own message."""

    data: MessageEdit


class MessageDelete(Command, tag="message.delete", kw_only=True):
    """Delete an own message, or any as a moderator."""

    data: MessageRef


class MessagePin(Command, tag="message.pin", kw_only=True):
    """Pin a message for everybody."""

    data: MessageRef


class MessageUnpin(Command, tag="message.unpin", kw_only=True):
    """Pin a message no longer."""

    data: MessageRef


class ReactionAdd(Command, tag="reaction.add", kw_only=True):
    """React to a message with an emoji."""

    data: ReactionRef


class ReactionRemove(Command, tag="reaction.remove", kw_only=True):
    """Take a reaction back."""

    data: ReactionRef


class ReadMark(Command, tag="read.mark", kw_only=True):
    """Everything up to here was read. A mark never goes back."""

    data: ConversationMark


class DeliveredMark(Command, tag="delivered.mark", kw_only=True):
    """Everything up to here has arrived on a device."""

    data: ConversationMark


class TypingStart(Command, tag="typing.start", kw_only=True):
    """I am typing; good for 6 seconds."""

    data: ConversationRef


class TypingStop(Command, tag="typing.stop", kw_only=True):
    """I stopped typing."""

    data: ConversationRef


class PresenceWatch(Command, tag="presence.watch", kw_only=True):
    """Hear who of these people is online, now and whenever it changes. Replaces the people watched before."""

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
    """The `id` of a frame that may be anything else than well formed; None when it carries no usable one."""
    found = frame.get("id") if isinstance(frame, dict) else None
    if isinstance(found, str):
        return found if len(found) <= 64 else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def read_command(frame: object) -> Command:
    """The command in a frame that was read as JSON. Refuses (`invalid`) what is none."""
    if not isinstance(frame, dict):
        raise Refusal("invalid", "A frame is a JSON object.")
    name = frame.get("type")
    kind = BY_NAME.get(name) if isinstance(name, str) else None
    if kind is None:
        errors = [{"field": "type", "code": "unknown", "detail": "No such command."}]
        raise Refusal("invalid", "Unknown type of frame.", errors=errors)
    try:
        return tidy(msgspec.convert(frame, kind))
    except msgspec.ValidationError:
        raise Refusal("invalid", errors=faults_in(frame, kind)) from None
