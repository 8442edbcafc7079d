"""What each command of the socket does: translate in, call one action, translate out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec

from accounts.models import User
from common.clock import now
from common.epoch import epoch
from common.errors import invalid, not_found
from conversations.models import Membership
from conversations.services import open_direct
from conversations.wire import encode_event
from messaging import services
from messaging.reading.log import conversation_heads
from messaging.realtime import protocol
from messaging.realtime.database_threads import in_thread
from messaging.realtime.runtime import hub, presence, typing
from messaging.realtime.subscriber import SocketSubscriber
from messaging.wire.messages import message_state
from messaging.writing.outgoing import Sent
from messaging.writing.writer import writer

PONG = b'{"type":"pong"}'


async def send_message(socket: SocketSubscriber, command: protocol.MessageSend) -> bytes:
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


async def edit_message(socket: SocketSubscriber, command: protocol.MessageEditCommand) -> dict[str, Any]:
    """`message.edit` → `{message}`."""
    return await in_thread(_edit, socket.user_id, command.data)


async def delete_message(socket: SocketSubscriber, command: protocol.MessageDelete) -> None:
    """`message.delete`."""
    await in_thread(_on_message, services.delete_message, socket.user_id, command.data)


async def pin_message(socket: SocketSubscriber, command: protocol.MessagePin) -> None:
    """`message.pin`."""
    await in_thread(_on_message, services.pin_message, socket.user_id, command.data)


async def unpin_message(socket: SocketSubscriber, command: protocol.MessageUnpin) -> None:
    """`message.unpin`."""
    await in_thread(_on_message, services.unpin_message, socket.user_id, command.data)


async def add_reaction(socket: SocketSubscriber, command: protocol.ReactionAdd) -> None:
    """`reaction.add`."""
    await in_thread(_on_message, services.add_reaction, socket.user_id, command.data)


async def remove_reaction(socket: SocketSubscriber, command: protocol.ReactionRemove) -> None:
    """`reaction.remove`."""
    await in_thread(_on_message, services.remove_reaction, socket.user_id, command.data)


async def mark_read(socket: SocketSubscriber, command: protocol.ReadMark) -> dict[str, int]:
    """`read.mark` → `{seq}`: where the mark stands."""
    return {"seq": await in_thread(_mark, services.mark_read, socket.user_id, command.data)}


async def mark_delivered(socket: SocketSubscriber, command: protocol.DeliveredMark) -> dict[str, int]:
    """`delivered.mark` → `{seq}`: where the mark stands."""
    return {"seq": await in_thread(_mark, services.mark_delivered, socket.user_id, command.data)}


async def start_typing(socket: SocketSubscriber, command: protocol.TypingStart) -> None:
    """`typing.start`; it touches no database once the socket is subscribed to the conversation."""
    await _check_membership(socket, command.data.conversation_id)
    if socket.shows_typing:
        typing.start(socket.user_id, socket.username, command.data.conversation_id, hidden_from=socket.blocked)


async def stop_typing(socket: SocketSubscriber, command: protocol.TypingStop) -> None:
    """`typing.stop`."""
    await _check_membership(socket, command.data.conversation_id)
    typing.stop(socket.user_id, socket.username, command.data.conversation_id)


async def watch_presence(socket: SocketSubscriber, command: protocol.PresenceWatch) -> None:
    """`presence.watch`: a `presence.updated` for each person that may be seen, now and on change."""
    await presence.watch(socket, command.data.user_ids)


async def sync(socket: SocketSubscriber, command: protocol.Sync) -> None:
    """`sync`: what came since as events, then `sync.complete`; `sync.reset` where the positions mean nothing here.

    The first `sync.complete` after a `hello` also names every conversation that the client did not: a client that was
    away when one began has no other way to learn of it."""
    positions = command.data.positions
    await socket.wait_until_subscribed()
    if command.data.epoch != epoch():
        socket.outbox.send(encode_event("sync.reset", {"reason": "epoch"}, now()))
        positions = {}
    elif unknown := await _beyond_head({id_: seq for id_, seq in positions.items() if socket.is_subscribing(id_)}):
        socket.outbox.send(encode_event("sync.reset", {"reason": "position_unknown", "conversations": unknown}, now()))
        positions = {id_: seq for id_, seq in positions.items() if id_ not in unknown}
    delivered = await socket.subscribe(positions)
    named = positions.keys() & delivered.keys()
    others = socket.subscribed - positions.keys() if socket.is_first_sync else set()
    socket.is_first_sync = False
    complete = {}
    for conversation_id in (named | others) & socket.subscribed:
        subscription = hub.conversations[conversation_id].subscribers[socket]
        upto = delivered[conversation_id] if conversation_id in named else subscription.visible_from_seq
        complete[str(conversation_id)] = {"head": subscription.since_seq, "has_more": upto < subscription.since_seq}
    socket.outbox.send(encode_event("sync.complete", {"conversations": complete}, now()))


async def send_pong(socket: SocketSubscriber, command: protocol.Ping) -> None:
    """`ping` → a `pong`."""
    socket.outbox.send(PONG)


async def authenticate(socket: SocketSubscriber, command: protocol.Authenticate) -> None:
    """`authenticate` on a socket that is signed in already changes nothing."""


HANDLERS: dict[type[protocol.Command], Callable[[Any, Any], Awaitable[Any]]] = {
    protocol.Authenticate: authenticate,
    protocol.Sync: sync,
    protocol.MessageSend: send_message,
    protocol.MessageEditCommand: edit_message,
    protocol.MessageDelete: delete_message,
    protocol.MessagePin: pin_message,
    protocol.MessageUnpin: unpin_message,
    protocol.ReactionAdd: add_reaction,
    protocol.ReactionRemove: remove_reaction,
    protocol.ReadMark: mark_read,
    protocol.DeliveredMark: mark_delivered,
    protocol.TypingStart: start_typing,
    protocol.TypingStop: stop_typing,
    protocol.PresenceWatch: watch_presence,
    protocol.Ping: send_pong,
}


def _direct(user_id: UUID, recipient_id: UUID | None) -> UUID:
    if recipient_id is None:
        raise invalid("conversation_id", "Name a conversation or a recipient.", "required")
    return open_direct(User.objects.get(id=user_id), user_id=recipient_id)[0].id


def _edit(user_id: UUID, data: protocol.MessageEdit) -> dict[str, Any]:
    message = services.edit_message(User.objects.get(id=user_id), message_id=data.message_id, change=data)
    return {"message": msgspec.Raw(msgspec.json.encode(message_state(message, message.conversation.history)))}


def _on_message(action: Callable[..., Any], user_id: UUID, data: protocol.MessageRef | protocol.ReactionRef) -> None:
    action(User.objects.get(id=user_id), **msgspec.structs.asdict(data))


def _mark(action: Callable[..., int], user_id: UUID, data: protocol.ConversationMark) -> int:
    return action(Membership.objects.of(User(id=user_id), data.conversation_id), seq=data.seq)


async def _check_membership(socket: SocketSubscriber, conversation_id: UUID) -> None:
    """A subscriber is a member: the hub ends the subscription with the membership. Where there is none, it may be about
    to begin, or the membership may have begun through another process a moment ago."""
    if conversation_id in socket.subscribed:
        return
    await socket.wait_until_subscribed()
    if conversation_id not in socket.subscribed:
        if socket.only_conversation not in (None, conversation_id):
            raise not_found()
        await in_thread(_membership, socket.user_id, conversation_id)


def _membership(user_id: UUID, conversation_id: UUID) -> None:
    Membership.objects.of(User(id=user_id), conversation_id)


async def _beyond_head(positions: dict[UUID, int]) -> list[UUID]:
    """Positions that this server never gave out. The hub may be a moment behind, so the database decides."""
    streams = hub.conversations
    ahead = [id_ for id_, seq in positions.items() if (stream := streams.get(id_)) and seq > stream.position]
    heads = await in_thread(conversation_heads, ahead) if ahead else {}
    return [id_ for id_ in ahead if positions[id_] > heads.get(id_, 0)]
