"""How frames reach a socket: written straight to the transport where our protocol class serves, else by ASGI `send`.

uvicorn is pinned: `FrameProtocol` leans on names inside its WebSocket protocol. On any other server (daphne,
the test client) `scope["extensions"]` lacks our entry and `AsgiOutbox` takes over.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from chatproject.common.limits import parse
from messaging.limiter import FLOOD

EXTENSION = "chat.transport"
HIGH_WATER = 256 * 1024
"""Bytes that may wait for one slow reader before it is dropped."""
SLOW_SECONDS = 10
RESTART, TOO_SLOW, FLOODING = 1012, 4408, 4429
SLICE = 4096
"""Bytes that are taken apart before it is asked whether they are a flood: some 700 of the smallest frames."""
WINDOW_SECONDS = 10.0
STRANGERS_FRAMES, EXTRA_FRAMES = 50, 1000
"""Continuations, pings and pongs in so many seconds, before signing in and after."""


def websocket_frame(payload: bytes) -> bytes:
    """An unmasked, unfragmented text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), payload)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), payload)


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, offering its transport to the application and keeping query strings out of the logs.

    A flood of frames ends the connection (4429): of those that carry no command, which the application never sees,
    and of commands beyond what a socket may send and be refused."""

    extra_frames = STRANGERS_FRAMES
    _extra_spent, _window_ends, _is_flooded = 0, 0.0, False

    def data_received(self, data: bytes) -> None:
        """Take it apart slice by slice. What a flood still sends is thrown away."""
        for start in range(0, len(data), SLICE):
            if self._is_flooded:
                return
            super().data_received(data if len(data) <= SLICE else data[start : start + SLICE])

    def handle_cont(self, event: Any) -> None:
        self._spend()
        super().handle_cont(event)

    def handle_ping(self) -> None:
        self._spend()
        super().handle_ping()

    def handle_pong(self, event: Any) -> None:
        self._spend()
        super().handle_pong(event)

    def _spend(self) -> None:
        now = self.loop.time()
        if now >= self._window_ends:
            self._window_ends, self._extra_spent = now + WINDOW_SECONDS, 0
        self._extra_spent += 1
        if self._extra_spent > self.extra_frames:
            self._end_flood()

    def _end_flood(self) -> None:
        self._is_flooded = True
        if self.handshake_complete:
            self.abort(FLOODING)
        else:
            self.transport.abort()

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"][EXTENSION] = self  # type: ignore[typeddict-item]

    def send_receive_event_to_app(self) -> None:
        """Text that is no UTF-8 ends the connection (1007) without a traceback in the log."""
        frames: list[bytes] = self.frames  # type: ignore[has-type]
        if self.curr_msg_data_type == "text":
            try:
                b"".join(frames).decode()
            except UnicodeDecodeError:
                frames.clear()
                self.conn.fail(1007, "invalid UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()
        if self.queue.qsize() > _most_waiting():
            self._end_flood()

    def keepalive_timeout(self) -> None:
        """A peer that stays silent is closed with 4408."""
        self.pong_timer = None
        self.abort(TOO_SLOW)

    @property
    def is_beginning(self) -> bool:
        """Whether the handshake is under way."""
        return not self.handshake_complete and not self.transport.is_closing()

    def shutdown(self) -> None:
        """The server stops: the client is to hear so, also where frames of it are still unread."""
        if self.handshake_complete and not self.close_sent:  # type: ignore[has-type]
            self.stop_keepalive()
            self.abort(RESTART)
        else:
            super().shutdown()

    def abort(self, code: int) -> None:
        """Close without waiting behind what a stuck peer does not read.

        The connection itself ends with the peer's answer, or two seconds later: closed with frames still unread, it
        would be reset, and the code lost."""
        if self.close_sent or self.transport.is_closing():  # type: ignore[has-type]
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:  # type: ignore[has-type]
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(2, self.transport.abort)


@cache
def _most_waiting() -> int:
    """Commands that may wait at once: twice as many as are answered or refused before the socket is closed."""
    return 2 * (max(count for count, _ in parse(settings.RATE_FRAMES)) + FLOOD)


class DirectOutbox:
    """Writes prepared frames to the transport at once; what the peer does not read yet waits there, up to a bound."""

    __slots__ = ("_protocol", "_transport", "_wire")

    def __init__(self, protocol: FrameProtocol) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._wire = protocol.transport.write

    def write(self, wire: bytes, payloads: list[bytes]) -> None:
        """Hand over frames that many sockets get: `wire` as they go over the network."""
        if self._transport.is_closing():  # uvloop would raise, in the midst of telling a whole conversation
            return
        if self._transport.get_write_buffer_size() > HIGH_WATER:
            self._protocol.abort(TOO_SLOW)
        elif not self._protocol.close_sent:
            self._wire(wire)

    def send(self, payload: bytes) -> None:
        """Hand over one frame."""
        self.write(websocket_frame(payload), [])

    async def drained(self) -> None:
        """Wait until the peer has read most of what was written, dropping it when it takes too long."""
        try:
            await asyncio.wait_for(self._protocol.writable.wait(), SLOW_SECONDS)
        except TimeoutError:
            self._protocol.abort(TOO_SLOW)

    def close(self) -> None:
        """Nothing is kept here."""


class AsgiOutbox:
    """Hands frames to ASGI's `send` in order, from a bounded queue that one task drains."""

    __slots__ = ("_abort", "_bytes", "_send", "_task", "_waiting")

    def __init__(self, send: Callable[[dict[str, Any]], Any], abort: Callable[[int], None]) -> None:
        self._send = send
        self._abort = abort
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None

    def write(self, wire: bytes, payloads: list[bytes]) -> None:
        """Hand over frames that many sockets get."""
        for payload in payloads:
            self.send(payload)

    def send(self, payload: bytes) -> None:
        """Hand over one frame; too much unread ends the socket."""
        self._waiting.append(payload)
        self._bytes += len(payload)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._drain())
        elif self._bytes > HIGH_WATER:
            self.close()
            self._abort(TOO_SLOW)

    async def drained(self) -> None:
        """Wait until everything was handed to the server."""
        if self._task:
            await asyncio.wait([self._task], timeout=SLOW_SECONDS)

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._bytes = 0
        if self._task:
            self._task.cancel()
            self._task = None

    async def _drain(self) -> None:
        while self._waiting:
            payload = self._waiting.popleft()
            try:
                await asyncio.wait_for(self._send({"type": "websocket.send", "text": payload.decode()}), SLOW_SECONDS)
            except TimeoutError:
                self._abort(TOO_SLOW)
                return
            except Exception:  # the peer is gone; its receive loop ends by itself
                return
            self._bytes -= len(payload)
        self._task = None


Outbox = DirectOutbox | AsgiOutbox
