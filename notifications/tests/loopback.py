"""A fake external service on this machine: real HTTP with planned responses.

with FcmServer() as server:
    server.next(Reply(503), HANG)       # to the next two requests; then all is well again
    server.always(Reply(500))           # until server.always(None)
    server.wait_for(3)                  # the pushes it has taken, once they are three
"""

import ssl
import threading
from collections import deque
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Generic, NamedTuple, Self, TypeVar

Taken = TypeVar("Taken")


class Reply(NamedTuple):
    """An answer. One that `drips` sends its head byte by byte, and never ends it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    drips: bool = False


HANG = Reply(0)
"""No answer until the server is closed."""
DROP = Reply(-1)
"""The connection is closed instead."""
DRIP = Reply(200, drips=True)


class Request(NamedTuple):
    """What arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class LoopbackServer(Generic[Taken]):
    """`taken` is what it has answered well, `requests` counts all. `answer` is for the service to write."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests = 0
        self.taken: list[Taken] = []
        self._changed = threading.Condition()
        self._next: deque[Reply] = deque()
        self._always: Reply | None = None
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"

    def answer(self, request: Request) -> Reply:
        """To a request that nothing else was planned for; takes what is good."""
        raise NotImplementedError

    def is_planned(self, request: Request) -> bool:
        """Whether `next` and `always` are about such requests."""
        return True

    def next(self, *replies: Reply) -> None:
        """Answer so, one after the other."""
        with self._changed:
            self._next.extend(replies)

    def always(self, reply: Reply | None) -> None:
        """Answer so from now on; None: as the service would."""
        with self._changed:
            self._always = reply

    def take(self, one: Taken) -> None:
        """Remember what was answered well."""
        with self._changed:
            self.taken.append(one)
            self._changed.notify_all()

    def wait_for(self, count: int, timeout: float = 10) -> list[Taken]:
        """All that was taken, once it is this many; fails when it is not in `timeout` seconds."""
        with self._changed:
            come = self._changed.wait_for(lambda: len(self.taken) >= count, timeout)
            assert come, f"{len(self.taken)} of {count} came in {timeout} s"
            return list(self.taken)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def reply_to(self, request: Request) -> Reply:
        """What was planned for it, or else what the service says."""
        with self._changed:
            self.requests += 1
            planned = self.is_planned(request)
            reply = self._next.popleft() if planned and self._next else self._always if planned else None
        return reply or self.answer(request)

    def hang(self, seconds: float | None = None) -> bool:
        """Wait until the server is closed: then True."""
        return self._closing.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *args: object) -> None:
        """Clients here give up as they like."""


def _handler(server: LoopbackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are written apart

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = server.reply_to(Request(self.path, self.headers, body))
            if reply.status <= 0:
                self.close_connection = reply is DROP or server.hang()
            elif reply.drips:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                while not server.hang(0.05):
                    self.wfile.write(b"x")
            else:
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

        def log_message(self, *args: object) -> None:
            """Paths hold tokens."""

    return Handler
