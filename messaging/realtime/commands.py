"""What each command of the socket does: translate in, one deed, translate out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from accounts.models import User
from chatproject.common.clock import now
from chatproject.common.epoch import epoch
from chatproject.common.errors import invalid, not_found
from conversations.models import Membership
from conversations.services import open_direct
from conversations.wire import event
from messaging import protocol, services
from messaging.batch import Sent
from messaging.reader import heads
from messaging.realtime import feed, presence, typing
from messaging.threads import in_thread
from messaging.wire.messages import message_state
from messaging.writer import writer

if TYPE_CHECKING:
    from messaging.socket import Socket

PONG = b'{"type":"pong"}'


async def send(socket: "Socket", command: protocol.MessageSend) -> bytes:
    """`message.send` → `{message, duplicate}` once it is stored."""
    message = command.data
    message.check()
    conversation_id = message.conversation_id
    if conversation_id and message.recipient_id:
        raise invalid("recipient_id", "Name a conversation or a recipient, not both.", "misplaced")
    if conversation_id is None:
        conversation_id = await in_thread(_direct, socket.user_id, message.recipient_id)
    answer: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
    writer.submit(socket.user_id, conversation_id, message, answer)
    sent = await answer
    typing.stop(socket.user_id, socket.username, conversation_id)
    return b'{"message":%b,"duplicate":%b}' % (sent.message, b"true" if sent.duplicate else b"false")


async def edit(socket: "Socket", command: protocol.MessageEditCommand) -> dict[str, Any]:
    """`message.edit` → `{message}`."""
    return await in_thread(_edit, socket.user_id, command.data)


async def delete(socket: "Socket", command: protocol.MessageDelete) -> None:
    """`message.delete`."""
    await in_thread(_on_message, services.delete_message, socket.user_id, command.data)


async def pin(socket: "Socket", command: protocol.MessagePin) -> None:
    """`message.pin`."""
    await in_thread(_on_message, services.pin_message, socket.user_id, command.data)


async def unpin(socket: "Socket", command: protocol.MessageUnpin) -> None:
    """`message.unpin`."""
    await in_thread(_on_message, services.unpin_message, socket.user_id, command.data)


async def react(socket: "Socket", command: protocol.ReactionAdd) -> None:
    """`reaction.add`."""
    await in_thread(_on_message, services.add_reaction, socket.user_id, command.data)


async def take_back(socket: "Socket", command: protocol.ReactionRemove) -> None:
    """`reaction.remove`."""
    await in_thread(_on_message, services.remove_reaction, socket.user_id, command.data)


async def read(socket: "Socket", command: protocol.ReadMark) -> dict[str, int]:
    """`read.mark` → `{seq}`: where the mark stands."""
    return {"seq": await in_thread(_mark, services.mark_read, socket.user_id, command.data)}


async def delivered(socket: "Socket", command: protocol.DeliveredMark) -> dict[str, int]:
    """`delivered.mark` → `{seq}`: where the mark stands."""
    return {"seq": await in_thread(_mark, services.mark_delivered, socket.user_id, command.data)}


async def start_typing(socket: "Socket", command: protocol.TypingStart) -> None:
    """`typing.start`; nothing of it touches the database once the conversation is heard."""
    await _check_membership(socket, command.data.conversation_id)
    if socket.shows_typing:
        typing.start(socket.user_id, socket.username, command.data.conversation_id, hidden_from=socket.blocked)


async def stop_typing(socket: "Socket", command: protocol.TypingStop) -> None:
    """`typing.stop`."""
    await _check_membership(socket, command.data.conversation_id)
    typing.stop(socket.user_id, socket.username, command.data.conversation_id)


async def watch(socket: "Socket", command: protocol.PresenceWatch) -> None:
    """`presence.watch`: a `presence.updated` for each person that may be seen, now and on change."""
    await presence.watch(socket, command.data.user_ids)


async def sync(socket: "Socket", command: protocol.Sync) -> None:
    """`sync`: what came since as events, then `sync.complete`; `sync.reset` where the positions mean nothing here.

    The first one after a `hello` is also told of every conversation that it does not name: whoever was away when it
    began has no other way to know of it."""
    positions = command.data.positions
    await socket.subscribed()
    if command.data.epoch != epoch():
        socket.outbox.send(event("sync.reset", {"reason": "epoch"}, now()))
        positions = {}
    elif unknown := await _beyond_head({id_: seq for id_, seq in positions.items() if socket.is_told(id_)}):
        socket.outbox.send(event("sync.reset", {"reason": "position_unknown", "conversations": unknown}, now()))
        positions = {id_: seq for id_, seq in positions.items() if id_ not in unknown}
    told = await socket.listen(positions)
    named = positions.keys() & told.keys()
    others = socket.hearing - positions.keys() if socket.names_others else set()
    socket.names_others = False
    complete = {}
    for conversation_id in (named | others) & socket.hearing:
        how = feed.rooms[conversation_id].hearers[socket]
        upto = told[conversation_id] if conversation_id in named else how.visible_from_seq
        complete[str(conversation_id)] = {"head": how.since, "has_more": upto < how.since}
    socket.outbox.send(event("sync.complete", {"conversations": complete}, now()))


async def ping(socket: "Socket", command: protocol.Ping) -> None:
    """`ping` → a `pong`."""
    socket.outbox.send(PONG)


async def authenticate(socket: "Socket", command: protocol.Authenticate) -> None:
    """`authenticate` on a socket that is signed in already changes nothing."""


HANDLERS: dict[type[protocol.Command], Callable[[Any, Any], Awaitable[Any]]] = {
    protocol.Authenticate: authenticate,
    protocol.Sync: sync,
    protocol.MessageSend: send,
    protocol.MessageEditCommand: edit,
    protocol.MessageDelete: delete,
    protocol.MessagePin: pin,
    protocol.MessageUnpin: unpin,
    protocol.ReactionAdd: react,
    protocol.ReactionRemove: take_back,
    protocol.ReadMark: read,
    protocol.DeliveredMark: delivered,
    protocol.TypingStart: start_typing,
    protocol.TypingStop: stop_typing,
    protocol.PresenceWatch: watch,
    protocol.Ping: ping,
}


def _direct(user_id: UUID, recipient_id: UUID | None) -> UUID:
    if recipient_id is None:
        raise invalid("conversation_id", "Name a conversation or a recipient.", "required")
    return open_direct(User.objects.get(id=user_id), user_id=recipient_id)[0].id


def _edit(user_id: UUID, data: protocol.MessageEdit) -> dict[str, Any]:
    message = services.edit_message(User.objects.get(id=user_id), message_id=data.message_id, change=data)
    return {"message": msgspec.Raw(msgspec.json.encode(message_state(message, message.conversation.history)))}


def _on_message(deed: Callable[..., Any], user_id: UUID, data: protocol.MessageRef | protocol.ReactionRef) -> None:
    deed(User.objects.get(id=user_id), **msgspec.structs.asdict(data))


def _mark(deed: Callable[..., int], user_id: UUID, data: protocol.ConversationMark) -> int:
    return deed(Membership.objects.of(User(id=user_id), data.conversation_id), seq=data.seq)


async def _check_membership(socket: "Socket", conversation_id: UUID) -> None:
    """Whoever hears a conversation is a member of it: the feed ends the hearing with the membership. One that is not
    heard may be about to be, or its member may have come in through another process a moment ago."""
    if conversation_id in socket.hearing:
        return
    await socket.subscribed()
    if conversation_id not in socket.hearing:
        if socket.only not in (None, conversation_id):
            raise not_found()
        await in_thread(_membership, socket.user_id, conversation_id)


def _membership(user_id: UUID, conversation_id: UUID) -> None:
    Membership.objects.of(User(id=user_id), conversation_id)


async def _beyond_head(positions: dict[UUID, int]) -> list[UUID]:
    """Positions that this server never gave out. The feed may be a moment behind, so the database decides."""
    ahead = [id_ for id_, seq in positions.items() if (room := feed.rooms.get(id_)) and seq > room.place]
    known = await in_thread(heads, ahead) if ahead else {}
    return [id_ for id_ in ahead if positions[id_] > known.get(id_, 0)]
