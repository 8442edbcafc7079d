"""The head of a request must be there soon and be small: uvicorn alone would wait for it, and keep it, for ever."""

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from chatproject.common.errors import Refusal
from chatproject.common.ids import uuid7
from chatproject.common.problems import problem_response
from chatproject.stopping import stopping

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which ends connections without a complete head and refuses in the one shape."""

    _head_timer: TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._has_head()
                self.send_400_response(f"The headers are larger than {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._has_head()
        super().on_headers_complete()
        if self.cycle and stopping.is_set():
            self.cycle.keep_alive = False  # the next request is for a server that stays

    @property
    def is_beginning(self) -> bool:
        """Whether the head of a request is on its way, as far as one can tell."""
        return self._head_timer is not None

    def send_400_response(self, msg: str) -> None:
        request_id = uuid7().hex
        response = problem_response(Refusal("invalid", msg), request_id)
        head = {**response.headers, "X-Request-Id": request_id, "Connection": "close"}
        head["Content-Length"] = str(len(response.content))
        lines = [f"{name}: {value}\r\n".encode() for name, value in head.items()]
        self.transport.write(b"".join([STATUS_LINE[400], *lines, b"\r\n", response.content]))
        self.transport.close()

    def _expect_head(self) -> None:
        self._has_head()
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _has_head(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> Any:
        self._head_timer = None
        self.transport.close()
