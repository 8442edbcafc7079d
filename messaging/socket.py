"""The socket: one per device, for all conversations or for one. It never raises: every frame gets an answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from accounts.authentication import session_of
from accounts.models import Session, User
from chatproject.common import strict_json
from chatproject.common.errors import Refusal, not_found
from chatproject.common.ids import parse_id
from chatproject.common.limits import parse
from conversations.models import Membership
from messaging import commands
from messaging.feed import NO_LIMIT
from messaging.greeting import Greeting, greet
from messaging.handshake import is_origin_allowed, session_of_scope
from messaging.limiter import FrameLimit
from messaging.protocol import Authenticate, Command, Sync, read_command, request_id
from messaging.reader import AT_ONCE
from messaging.realtime import feed, presence, socket_limit, start, typing
from messaging.rooms import Listening, Place
from messaging.threads import in_thread
from messaging.transport import EXTENSION, EXTRA_FRAMES, FLOODING, AsgiOutbox, DirectOutbox, Outbox

log = structlog.get_logger(__name__)

SUBPROTOCOL = "chat.v1"
SIGN_IN_SECONDS = 5.0
GRACE = 0.25
"""Seconds after `hello` in which a `sync` may come first, so that nothing newer is heard before it."""
FIRST_FRAME = 8 * 1024
"""Characters of the frame that signs in."""
RESTART, NONSENSE, SIGNED_OUT, REFUSED, OVERLOADED = 1012, 4400, 4401, 4403, 1013

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def socket_app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application behind `/ws/` and `/ws/conversations/{id}/`."""
    await receive()
    if not feed.is_started:  # daphne knows no lifespan
        await start()
    path = [part for part in scope["path"].split("/") if part]
    if path[:1] != ["ws"] or not is_origin_allowed(scope):
        await send({"type": "websocket.close", "code": REFUSED})
        return
    offered = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
    await send({"type": "websocket.accept", "subprotocol": offered})
    socket = Socket(scope, receive, send)
    try:
        if path[1:]:
            socket.only = parse_id(path[2]) if path[1] == "conversations" and len(path) == 3 else parse_id(None)
        await socket.run()
    except Refusal as refusal:
        socket.end({401: SIGNED_OUT, 503: OVERLOADED}.get(refusal.status, REFUSED))
    except (OperationalError, InterfaceError):
        socket.end(OVERLOADED)
    except Exception:
        log.exception("socket_fault")
        socket.end(OVERLOADED)
    finally:
        await socket.closed()


class Socket:
    """One connection: whose it is, what it hears, and the frames that come in, one after the other."""

    __slots__ = (
        "_closing",
        "_grace",
        "_limit",
        "_places",
        "_protocol",
        "_receive",
        "_scope",
        "_send",
        "blocked",
        "hearing",
        "is_open",
        "lefts",
        "names_others",
        "only",
        "opened_at",
        "outbox",
        "session_id",
        "shows_typing",
        "subscribing",
        "user_id",
        "username",
    )

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._protocol = (scope.get("extensions") or {}).get(EXTENSION)
        self.outbox: Outbox = DirectOutbox(self._protocol) if self._protocol else AsgiOutbox(send, self.end)
        self._limit = FrameLimit(parse(settings.RATE_FRAMES))
        self._places: dict[UUID, Place] = {}
        self._grace: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self.subscribing = asyncio.Lock()
        self.hearing: set[UUID] = set()
        self.lefts: dict[UUID, int] = {}
        self.only: UUID | None = None
        self.opened_at = time.time_ns()
        self.is_open = self.names_others = True

    # --- Life ---------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Sign in, greet, then answer frames until the client goes."""
        session, answer = await self._sign_in()
        if session is None:
            return
        self.user_id, self.session_id = session.user_id, session.id
        user = session.user
        del session
        if self._protocol:
            self._protocol.extra_frames = EXTRA_FRAMES
        self._scope.clear()  # the server keeps it as long as the socket is open
        if self.only:
            await in_thread(_check_membership, self.user_id, self.only)
        if answer is not None:
            self.reply(answer, {})
        await self.greet(user)
        del user
        presence.came(self.user_id)
        try:
            while self.is_open:
                event = await self._receive()
                if event["type"] == "websocket.disconnect":
                    break
                text = event.get("text")
                if text and (wait := feed.people.spend_bytes(self.user_id, len(text))) > 0:
                    await asyncio.sleep(wait)
                await self._answer(text)
        finally:
            presence.went(self)

    async def closed(self) -> None:
        """Leave nothing behind."""
        self.is_open = False
        self._stop_grace()
        if self._closing:
            await asyncio.wait([self._closing])
        self.outbox.close()
        if hasattr(self, "user_id"):
            feed.forget(self)

    def end(self, code: int) -> None:
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
        await self._send({"type": "websocket.close", "code": code})

    # --- Signing in ---------------------------------------------------------------------------------------------
    async def _sign_in(self) -> tuple[Session | None, str | int | None]:
        """The session by what opened the socket or by the first frame, and the `id` of that frame. None when the
        client has gone."""
        if session := await session_of_scope(self._scope):
            return session, None
        try:
            event = await asyncio.wait_for(self._receive(), SIGN_IN_SECONDS)
        except TimeoutError:
            raise Refusal("not_authenticated") from None
        if event["type"] == "websocket.disconnect":
            return None, None
        return await self._sign_in_by_frame(event.get("text"))

    async def _sign_in_by_frame(self, text: str | None) -> tuple[Session, str | int | None]:
        id_ = None
        try:
            if text and len(text) > FIRST_FRAME:
                raise Refusal("not_authenticated")
            frame = _read(text)
            id_ = request_id(frame)
            command = read_command(frame)
            if not isinstance(command, Authenticate):
                raise Refusal("not_authenticated")
            return await in_thread(session_of, command.data.token), id_
        except Refusal as refusal:
            self.refuse(id_, refusal)
            raise refusal if refusal.status in (401, 503) else Refusal("not_authenticated") from None

    # --- Hearing ------------------------------------------------------------------------------------------------
    async def greet(self, user: User | None = None) -> None:
        """Send `hello`; from its places on everything is heard, or from those of a `sync` that follows at once.

        `user` is the person as just read, after `feed.people.open`; without it they are read here."""
        while True:
            person = await feed.people.open(self.user_id)
            greeting = await in_thread(_greet, user or self.user_id, self.session_id, self.only)
            await feed.open_rooms({id_: place.seq for id_, place in greeting.places.items()})
            if person.place <= greeting.user.seq and feed.people.get(self.user_id) is person:
                break
            user = None  # something happened to them meanwhile, of which this socket was not told
        if not self.is_open:
            return None
        if self.only not in (None, *greeting.places):
            return self.end(REFUSED)
        for conversation_id in self.hearing - greeting.places.keys():
            self.left(conversation_id)
        self.username, self.shows_typing = greeting.user.username, greeting.user.typing
        self.blocked = greeting.blocked
        feed.people.settle(person, greeting.user.seq)
        is_new = self not in person.sockets
        person.sockets[self] = None
        if is_new:
            socket_limit.opened(person)
        self.outbox.send(greeting.frame)
        self.names_others = True
        self._places = {id_: place for id_, place in greeting.places.items() if id_ not in self.hearing}
        if is_new:
            self._grace = asyncio.get_running_loop().call_later(GRACE, lambda: feed.spawn(self._listen_unasked()))
        else:
            await self.listen()
        return None

    async def listen(self, positions: dict[UUID, int] | None = None) -> dict[UUID, int]:
        """Hear everything from the greeting's places on, or from `positions`. Returns up to where was told."""
        self._stop_grace()
        async with self.subscribing:
            for conversation_id in self.hearing & (positions or {}).keys():
                room = feed.rooms[conversation_id]
                self._places[conversation_id] = Place(room.place, room.hearers[self].visible_from_seq)
                room.drop(self)
            told = {}
            while self._places:
                conversation_id = next(iter(self._places))
                told[conversation_id] = await self._hear(conversation_id, positions or {})
        typing.show_to(self)
        return told

    async def _listen_unasked(self) -> None:
        try:
            await self.listen()
        except Exception as error:  # better gone than deaf: the client comes back
            log.warning("listen_failed", reason=type(error).__name__)
            self.end(OVERLOADED)

    async def subscribed(self) -> None:
        """Wait until the conversations that this socket is just being subscribed to are in `hearing`."""
        async with self.subscribing:
            pass

    def is_told(self, conversation_id: UUID) -> bool:
        """Whether this socket hears the conversation or is about to: then it may know how far that has come."""
        return conversation_id in self.hearing or conversation_id in self._places

    def left(self, conversation_id: UUID) -> None:
        """Hear a conversation no longer, nor of people whom one knew only from there. A socket for that one ends."""
        self._places.pop(conversation_id, None)
        self.lefts[conversation_id] = self.lefts.get(conversation_id, 0) + 1
        feed.detach(self, conversation_id)
        presence.review(self)
        if conversation_id == self.only:
            self.end(REFUSED)

    async def _hear(self, conversation_id: UUID, positions: dict[UUID, int]) -> int:
        """Hear one conversation. Usually nothing happened since it was looked at, and nothing is awaited."""
        known = self._places.pop(conversation_id)
        # Never from beyond what was known: the end of this membership may lie between.
        position = min(positions.get(conversation_id, known.seq), known.seq)
        room = feed.rooms.get(conversation_id)
        if room and room.place == position and self.is_open:
            room.add(self, Listening(known.visible_from_seq, position))
            return position
        limit = AT_ONCE if positions else NO_LIMIT
        try:
            return await feed.attach(self, conversation_id, known, position, limit=limit)
        except BaseException:
            self._places[conversation_id] = known
            raise

    def _stop_grace(self) -> None:
        if self._grace:
            self._grace.cancel()
            self._grace = None

    # --- Frames -------------------------------------------------------------------------------------------------
    async def _answer(self, text: str | None) -> None:
        """Answer one frame, whatever is in it."""
        now = asyncio.get_running_loop().time()
        id_ = None
        try:
            frame = _read(text)
            id_ = request_id(frame)
            if not self._limit.spend(now):
                return self.end(FLOODING)
            command = read_command(frame)
        except Refusal as refusal:
            self.refuse(id_, refusal)
            if refusal.code == "invalid" and not self._limit.nonsense(now):
                self.end(NONSENSE)
            return None
        if self._grace and not isinstance(command, Sync):
            await self.listen()
        await self._obey(command)
        return None

    async def _obey(self, command: Command) -> None:
        try:
            answer = await commands.HANDLERS[type(command)](self, command)
        except Refusal as refusal:
            self.refuse(command.id, refusal)
        except (OperationalError, InterfaceError):
            self.refuse(command.id, Refusal("unavailable", retry_after=1))
        except Exception:
            log.exception("command_fault", command=type(command).__name__)
            self.refuse(command.id, Refusal("internal"))
        else:
            if command.id is not None:
                self.reply(command.id, answer or {})

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


def _read(text: str | None) -> Any:
    if text is None:
        raise Refusal("invalid", "Frames are text.")
    return strict_json.loads(text)


def _greet(user: User | UUID, session_id: UUID, only: UUID | None) -> Greeting:
    return greet(user if isinstance(user, User) else User.objects.get(id=user), session_id, only)


def _check_membership(user_id: UUID, conversation_id: UUID) -> None:
    if not Membership.objects.live().filter(user=user_id, conversation=conversation_id).exists():
        raise not_found()
