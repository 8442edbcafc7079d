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

from common.limits import parse
from messaging.realtime.close_codes import FLOODING, RESTART, TOO_SLOW
from messaging.realtime.frame_limits import REFUSED_IN_A_ROW

EXTENSION = "chat.transport"
HIGH_WATER = 256 * 1024
"""Bytes that may wait for one slow reader before it is dropped."""
SLOW_SECONDS = 10
SLICE = 4096
"""Bytes that are parsed before the next check for a flood: some 700 of the smallest frames."""
WINDOW_SECONDS = 10.0
ANONYMOUS_EXTRA_FRAMES, EXTRA_FRAMES = 50, 1000
"""Continuations, pings and pongs in a window, before signing in and after."""


def websocket_frame(payload: bytes) -> bytes:
    """An unmasked, unfragmented text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), payload)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), payload)


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which offers its transport to the application.

    A flood of frames ends the connection (4429): of frames without a command, which the application never sees, and
    of commands beyond those that are answered or refused."""

    extra_frames = ANONYMOUS_EXTRA_FRAMES
    _extra_spent, _window_ends, _is_flooded = 0, 0.0, False

    def data_received(self, data: bytes) -> None:
        """Parse the data slice by slice. After a flood the rest is dropped."""
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
        """Text that is not UTF-8 ends the connection (1007) without a traceback in the log."""
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
        if self.queue.qsize() > _most_commands_waiting():
            self._end_flood()

    def keepalive_timeout(self) -> None:
        """A peer that stays silent is closed with 4408."""
        self.pong_timer = None
        self.abort(TOO_SLOW)

    @property
    def is_beginning(self) -> bool:
        """Whether the handshake is under way."""
        return not self.handshake_complete and not self.transport.is_closing()

    @property
    def is_closing(self) -> bool:
        """Whether the connection has ended, or is about to."""
        return bool(self.close_sent or self.transport.is_closing())  # type: ignore[has-type]

    def shutdown(self) -> None:
        """The server stops: tell the client, even when frames of it are still unread."""
        if self.handshake_complete and not self.close_sent:  # type: ignore[has-type]
            self.stop_keepalive()
            self.abort(RESTART)
        else:
            super().shutdown()

    def abort(self, code: int) -> None:
        """Close without waiting for a peer that does not read.

        The connection itself ends with the peer's answer, or two seconds later: if it were closed with frames still
        unread, it would be reset, and the code lost."""
        if self.is_closing:
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
def _most_commands_waiting() -> int:
    """Commands that may wait at once: twice as many as are answered or refused before the socket closes."""
    return 2 * (max(count for count, _ in parse(settings.RATE_FRAMES)) + REFUSED_IN_A_ROW)


class DirectOutbox:
    """Writes prepared frames to the transport at once. What the peer has not read yet waits there, up to a bound."""

    __slots__ = ("_protocol", "_transport", "_wire")

    def __init__(self, protocol: FrameProtocol) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._wire = protocol.transport.write

    def write(self, wire: bytes, payloads: list[bytes]) -> None:
        """Send frames that many sockets get: `wire` is all of them as they go over the network."""
        if self._transport.is_closing():  # uvloop would raise, before the rest of the conversation had its frame
            return
        if self._transport.get_write_buffer_size() > HIGH_WATER:
            self._protocol.abort(TOO_SLOW)
        elif not self._protocol.close_sent:
            self._wire(wire)

    def send(self, payload: bytes) -> None:
        """Send one frame."""
        self.write(websocket_frame(payload), [])

    async def drained(self) -> None:
        """Wait until the peer has read most of what was written. A peer that takes too long is dropped."""
        try:
            await asyncio.wait_for(self._protocol.writable.wait(), SLOW_SECONDS)
        except TimeoutError:
            self._protocol.abort(TOO_SLOW)

    def close(self) -> None:
        """Nothing waits here."""


class AsgiOutbox:
    """Sends frames by ASGI's `send` in order, from a bounded queue that one task drains."""

    __slots__ = ("_abort", "_bytes", "_send", "_task", "_waiting")

    def __init__(self, send: Callable[[dict[str, Any]], Any], abort: Callable[[int], None]) -> None:
        self._send = send
        self._abort = abort
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None

    def write(self, wire: bytes, payloads: list[bytes]) -> None:
        """Send frames that many sockets get."""
        for payload in payloads:
            self.send(payload)

    def send(self, payload: bytes) -> None:
        """Send one frame. Too much unread closes the socket."""
        self._waiting.append(payload)
        self._bytes += len(payload)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._drain())
        elif self._bytes > HIGH_WATER:
            self.close()
            self._abort(TOO_SLOW)

    async def drained(self) -> None:
        """Wait until the server has taken everything."""
        if self._task:
            await asyncio.wait([self._task], timeout=SLOW_SECONDS)

    def close(self) -> None:
        """Drop what waits."""
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
