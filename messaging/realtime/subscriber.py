"""What a socket is subscribed to, from its first `hello` on, and what is sent to it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog

from accounts.models import Session
from common.errors import Refusal
from messaging.reading.log import AT_ONCE
from messaging.realtime.close_codes import OVERLOADED, REFUSED
from messaging.realtime.database_threads import in_thread
from messaging.realtime.hello import PreparedHello, prepare_hello
from messaging.realtime.hub import NO_LIMIT
from messaging.realtime.runtime import hub, presence, socket_limit, typing
from messaging.realtime.streams import Position, Subscription
from messaging.realtime.transport import AsgiOutbox, DirectOutbox, FrameProtocol, Outbox

logger = structlog.get_logger(__name__)

SYNC_GRACE = 0.25
"""Seconds after the first `hello` in which a `sync` may come first, so that nothing newer is sent before it."""


class SocketSubscriber:
    """The subscribing half of a socket, which commands work with: whose it is, what it receives, and its answers."""

    __slots__ = (
        "_closing",
        "_grace_timer",
        "_pending",
        "_protocol",
        "base_send",
        "blocked",
        "is_first_sync",
        "is_open",
        "only_conversation",
        "opened_at",
        "outbox",
        "session_id",
        "shows_typing",
        "subscribe_lock",
        "subscribed",
        "unsubscribe_counts",
        "user_id",
        "username",
    )

    user_id: UUID
    session_id: UUID
    username: str
    blocked: frozenset[UUID]
    shows_typing: bool

    def open(self, send: Callable[[dict[str, Any]], Awaitable[None]], protocol: FrameProtocol | None) -> None:
        """Begin: the connection was accepted, and nobody has signed in yet."""
        self.base_send, self._protocol = send, protocol
        self.outbox: Outbox = DirectOutbox(protocol) if protocol else AsgiOutbox(send, self.close)
        self._pending: dict[UUID, Position] = {}
        self._grace_timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self.subscribe_lock = asyncio.Lock()
        self.subscribed: set[UUID] = set()
        self.unsubscribe_counts: dict[UUID, int] = {}
        self.only_conversation: UUID | None = None
        self.opened_at = time.time_ns()
        self.is_open = self.is_first_sync = True

    # --- Subscriptions ------------------------------------------------------------------------------------------
    async def send_hello(self, prepared: PreparedHello | None = None) -> None:
        """Send `hello`: this one, or one that is prepared now. Subscribe from its positions on, or from those of a
        `sync` that follows at once. Refuses `token_invalid` if the session has ended meanwhile."""
        while True:
            stream = await hub.users.open(self.user_id)
            if (hello := prepared) is None:
                hello = await in_thread(_prepare, self.session_id, self.only_conversation)
            await hub.open_streams({id_: position.seq for id_, position in hello.positions.items()})
            if stream.position <= hello.user.seq and hub.users.get(self.user_id) is stream:
                break
            prepared = None  # something happened to them meanwhile that was not delivered to this socket
        if not self.is_open:
            return None
        if self.only_conversation not in (None, *hello.positions):
            return self.close(REFUSED)
        for conversation_id in self.subscribed - hello.positions.keys():
            self.unsubscribe(conversation_id)
        self.username, self.shows_typing = hello.user.username, hello.user.typing
        self.blocked = hello.blocked
        hub.users.start_at(stream, hello.user.seq)
        is_new = self not in stream.sockets
        stream.sockets[self] = None
        if is_new:
            socket_limit.check(stream)
        self.outbox.send(hello.frame)
        self.is_first_sync = True
        self._pending = {id_: position for id_, position in hello.positions.items() if id_ not in self.subscribed}
        if is_new:
            loop = asyncio.get_running_loop()
            self._grace_timer = loop.call_later(SYNC_GRACE, lambda: hub.spawn(self._subscribe_without_sync()))
        else:
            await self.subscribe()
        return None

    async def subscribe(self, positions: dict[UUID, int] | None = None) -> dict[UUID, int]:
        """Subscribe to every conversation, from the positions of the last `hello` on or from these. Returns up to
        where each was delivered."""
        self._stop_grace()
        async with self.subscribe_lock:
            for conversation_id in self.subscribed & (positions or {}).keys():
                stream = hub.conversations[conversation_id]
                visible_from_seq = stream.subscribers[self].visible_from_seq
                self._pending[conversation_id] = Position(stream.position, visible_from_seq)
                stream.remove(self)
            delivered = {}
            while self._pending:
                conversation_id = next(iter(self._pending))
                delivered[conversation_id] = await self._subscribe_to(conversation_id, positions or {})
            self._pending = {}  # the emptied one would keep its size
        typing.send_lists_to(self)
        return delivered

    async def _subscribe_without_sync(self) -> None:
        try:
            await self.subscribe()
        except Exception as error:  # a client that is closed comes back; one that receives nothing would wait for ever
            logger.warning("subscribe_failed", reason=type(error).__name__)
            self.close(OVERLOADED)

    async def wait_until_subscribed(self) -> None:
        """Wait until the conversations that this socket is just being subscribed to are in `subscribed`."""
        async with self.subscribe_lock:
            pass

    def is_subscribing(self, conversation_id: UUID) -> bool:
        """Whether this socket is or will be subscribed to a conversation: then it may know how far that has come."""
        return conversation_id in self.subscribed or conversation_id in self._pending

    def unsubscribe(self, conversation_id: UUID) -> None:
        """End a subscription, also one that is only pending, and the presence of people known only from there. A
        socket for that conversation alone closes."""
        self._pending.pop(conversation_id, None)
        self.unsubscribe_counts[conversation_id] = self.unsubscribe_counts.get(conversation_id, 0) + 1
        hub.unsubscribe(self, conversation_id)
        presence.review(self)
        if conversation_id == self.only_conversation:
            self.close(REFUSED)

    async def _subscribe_to(self, conversation_id: UUID, positions: dict[UUID, int]) -> int:
        """Subscribe to one conversation. Usually nothing happened since `hello`, and nothing is awaited."""
        known = self._pending.pop(conversation_id)
        # Never from beyond what was known: the end of this membership may lie between.
        position = min(positions.get(conversation_id, known.seq), known.seq)
        stream = hub.conversations.get(conversation_id)
        if stream and stream.position == position and self.is_open:
            stream.add(self, Subscription(known.visible_from_seq, position))
            return position
        limit = AT_ONCE if positions else NO_LIMIT
        try:
            return await hub.subscribe(self, conversation_id, known, position, limit=limit)
        except BaseException:
            self._pending[conversation_id] = known
            raise

    def _stop_grace(self) -> None:
        if self._grace_timer:
            self._grace_timer.cancel()
            self._grace_timer = None

    # --- Answers ------------------------------------------------------------------------------------------------
    def reply(self, id_: str | int, data: Any) -> None:
        """The good answer to a frame with an `id`."""
        raw = data if isinstance(data, bytes) else msgspec.json.encode(data)
        self.outbox.send(b'{"type":"reply","id":%b,"ok":true,"data":%b}' % (msgspec.json.encode(id_), raw))

    def refuse(self, id_: str | int | None, refusal: Refusal) -> None:
        """The bad answer: a failed reply, or an `error` frame when the `id` is not known."""
        error = refusal.as_dict()
        if id_ is None:
            self.outbox.send(msgspec.json.encode({"type": "error", "error": error}))
        else:
            self.outbox.send(msgspec.json.encode({"type": "reply", "id": id_, "ok": False, "error": error}))

    def close(self, code: int) -> None:
        """Close with a code. What the client has not read yet does not hold this up."""
        if self.is_open:
            self.is_open = False
            if self._protocol:
                self._protocol.abort(code)
            else:
                self._closing = asyncio.create_task(self._close(code))

    async def _close(self, code: int) -> None:
        """Close behind the last answer."""
        await self.outbox.drained()
        await self.base_send({"type": "websocket.close", "code": code})


def _prepare(session_id: UUID, only_conversation: UUID | None) -> PreparedHello:
    session = Session.objects.find_live(session_id)
    if session is None:
        raise Refusal("token_invalid")
    return prepare_hello(session.user, session.id, only_conversation)
