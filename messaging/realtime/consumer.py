"""The consumer of a socket: one per device, for all conversations or for one. Every frame gets an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from channels.consumer import AsyncConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError

from accounts.authentication import session_of
from accounts.models import Session
from common import strict_json
from common.errors import Refusal, not_found
from common.ids import parse_id
from common.limits import parse
from messaging.realtime import commands
from messaging.realtime.close_codes import FLOODING, INVALID, close_code_for
from messaging.realtime.database_threads import in_thread
from messaging.realtime.frame_limits import FrameLimit
from messaging.realtime.hello import PreparedHello, prepare_hello
from messaging.realtime.middleware import offered_subprotocol
from messaging.realtime.protocol import Authenticate, Command, Sync, read_command, request_id
from messaging.realtime.runtime import entrance, hub, presence, start
from messaging.realtime.subscriber import SocketSubscriber
from messaging.realtime.transport import EXTENSION, EXTRA_FRAMES

logger = structlog.get_logger(__name__)

SIGN_IN_SECONDS = 5.0
FIRST_FRAME_SIZE = 8 * 1024
"""Characters of the frame that signs in."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class ChatConsumer(SocketSubscriber, AsyncConsumer):
    """Signs a socket in, sends `hello`, then answers its frames one after the other until the client goes.

    It has a receive loop of its own: `AsyncConsumer.dispatch` visits a thread for every frame, to close old database
    connections, and costs ten times as much."""

    __slots__ = ("_is_present", "_limit", "_receive")

    channel_layer_alias = "none"
    """The process has one channel, in `layer.py`, for all its sockets; a consumer needs none."""

    @classmethod
    def as_asgi(cls) -> Any:
        """As Channels does it, without its coroutine, which would stay in memory while a socket is open."""
        return lambda scope, receive, send: cls()(scope, receive, send)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if not hub.is_started:  # daphne knows no lifespan
            await start()
        await send({"type": "websocket.accept", "subprotocol": offered_subprotocol(scope)})
        self.open(send, (scope.get("extensions") or {}).get(EXTENSION))
        self._receive, self._is_present = receive, False
        self._limit = FrameLimit(parse(settings.RATE_FRAMES))
        try:
            is_signed_in = await self._begin(scope)
            del scope
            while is_signed_in and self.is_open:
                event = await receive()
                if event["type"] == "websocket.disconnect":
                    break
                text = event.get("text")
                if text and (wait := hub.users.spend_bytes(self.user_id, len(text))) > 0:
                    await asyncio.sleep(wait)
                await self._answer(text)
        except Exception as error:
            self.close(close_code_for(error))
        finally:
            await self._clean_up()

    # --- Life ---------------------------------------------------------------------------------------------------
    async def _begin(self, scope: Scope) -> bool:
        """Sign in and send `hello`. False when the client has gone before."""
        if conversation_id := scope["url_route"]["kwargs"].get("conversation_id"):
            self.only_conversation = parse_id(str(conversation_id))
        find_session, frame = scope["find_session"], None
        if not find_session:
            if (frame := await self._first_frame()) is None:
                return False
            find_session = partial(session_of, frame.data.token)
        scope.clear()  # this one and the server's are kept as long as the socket is open
        if self._protocol:
            self._protocol.scope.clear()
        try:
            async with entrance.turn():
                if self._protocol and self._protocol.is_closing:  # the client did not wait for its turn
                    return False
                session, hello = await in_thread(_sign_in, find_session, self.only_conversation)
        except Refusal as refusal:
            if frame or refusal.retry_after is not None:
                self.refuse(frame.id if frame else None, refusal)
            raise
        self.user_id, self.session_id = session.user_id, session.id
        if self._protocol:
            self._protocol.extra_frames = EXTRA_FRAMES
        if frame and frame.id is not None:
            self.reply(frame.id, {})
        await self.send_hello(hello)
        presence.connected(self.user_id)
        self._is_present = True
        return True

    async def _clean_up(self) -> None:
        self.is_open = False
        self._stop_grace()
        if self._is_present:
            presence.disconnected(self)
        if self._closing:
            await asyncio.wait([self._closing])
        self.outbox.close()
        if hasattr(self, "user_id"):
            hub.disconnected(self)

    async def _first_frame(self) -> Authenticate | None:
        """The frame that signs in; None when the client has gone."""
        try:
            event = await asyncio.wait_for(self._receive(), SIGN_IN_SECONDS)
        except TimeoutError:
            raise Refusal("not_authenticated") from None
        if event["type"] == "websocket.disconnect":
            return None
        text, id_ = event.get("text"), None
        try:
            if text and len(text) > FIRST_FRAME_SIZE:
                raise Refusal("not_authenticated")
            frame = _read(text)
            id_ = request_id(frame)
            command = read_command(frame)
            if not isinstance(command, Authenticate):
                raise Refusal("not_authenticated")
        except Refusal as refusal:
            self.refuse(id_, refusal)
            raise Refusal("not_authenticated") from None
        return command

    # --- Frames -------------------------------------------------------------------------------------------------
    async def _answer(self, text: str | None) -> None:
        """Answer one frame, whatever is in it."""
        now = asyncio.get_running_loop().time()
        id_ = None
        try:
            frame = _read(text)
            id_ = request_id(frame)
            if not self._limit.spend(now):
                return self.close(FLOODING)
            command = read_command(frame)
        except Refusal as refusal:
            self.refuse(id_, refusal)
            if refusal.code == "invalid" and not self._limit.spend_invalid(now):
                self.close(INVALID)
            return None
        if self._grace_timer and not isinstance(command, Sync):
            await self.subscribe()
        await self._execute(command)
        return None

    async def _execute(self, command: Command) -> None:
        try:
            answer = await commands.HANDLERS[type(command)](self, command)
        except Refusal as refusal:
            self.refuse(command.id, refusal)
        except (OperationalError, InterfaceError):
            self.refuse(command.id, Refusal("unavailable", retry_after=1))
        except Exception:
            logger.exception("command_fault", command=type(command).__name__)
            self.refuse(command.id, Refusal("internal"))
        else:
            if command.id is not None:
                self.reply(command.id, answer or {})


def _read(text: str | None) -> Any:
    if text is None:
        raise Refusal("invalid", "Frames are text.")
    return strict_json.loads(text)


def _sign_in(find_session: Callable[[], Session], only_conversation: UUID | None) -> tuple[Session, PreparedHello]:
    session = find_session()
    hello = prepare_hello(session.user, session.id, only_conversation)
    if only_conversation not in (None, *hello.positions):
        raise not_found()
    return session, hello
