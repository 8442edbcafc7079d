"""Limits the time and size of a request's head. uvicorn alone would wait forever and store any amount."""

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from common.errors import Refusal
from common.ids import uuid7
from common.problems import problem_response
from common.stopping import stopping

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which closes connections without a complete head and refuses with a problem document."""

    _head_timer: TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._stop_head_timer()
                self.send_400_response(f"The headers are larger than {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_head_timer()

    def on_headers_complete(self) -> None:
        self._stop_head_timer()
        super().on_headers_complete()
        if self.cycle and stopping.is_set():
            self.cycle.keep_alive = False  # the next request should go to another server

    @property
    def is_beginning(self) -> bool:
        """Whether the head of a request may be arriving."""
        return self._head_timer is not None

    def send_400_response(self, msg: str) -> None:
        request_id = uuid7().hex
        response = problem_response(Refusal("invalid", msg), request_id)
        head = {**response.headers, "X-Request-Id": request_id, "Connection": "close"}
        head["Content-Length"] = str(len(response.content))
        lines = [f"{name}: {value}\r\n".encode() for name, value in head.items()]
        self.transport.write(b"".join([STATUS_LINE[400], *lines, b"\r\n", response.content]))
        self.transport.close()

    def _start_head_timer(self) -> None:
        self._stop_head_timer()
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_head_timer(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> Any:
        self._head_timer = None
        self.transport.close()
