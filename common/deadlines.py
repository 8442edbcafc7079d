"""Network requests with one deadline for everything: resolving the name, connecting, and reading a slow response.

    with within(10):
        resolve("push.example.org", 443)    # TimeoutError after 10 seconds

A socket's own timeout starts again with each byte.
"""

import math
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

CONNECT_SECONDS = 3.0
"""For one of several addresses; the next one may answer."""

AddressInfo = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]]
"""The result of `getaddrinfo`."""
_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Set a deadline for this thread. A nested one can only be shorter."""
    token = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


def seconds_left() -> float:
    """The seconds until the deadline. Raises `TimeoutError` once it has passed."""
    if (seconds := _until.get() - time.monotonic()) <= 0:
        raise TimeoutError
    return seconds


class DeadlineSocket(socket.socket):
    """A socket whose reads end at the deadline."""

    def recv_into(self, *args: Any) -> int:
        self.settimeout(seconds_left())
        return super().recv_into(*args)


class DeadlineSSLSocket(ssl.SSLSocket):
    """The same for TLS; an `SSLContext` makes them if this is its `sslsocket_class`."""

    def recv_into(self, *args: Any) -> int:
        self.settimeout(seconds_left())
        return super().recv_into(*args)


def resolve(host: str, port: int) -> AddressInfo:
    """The addresses of a host. `getaddrinfo` has no timeout, so it runs in a thread that is left behind if necessary.

    Raises `OSError` (`TimeoutError` is one), or `UnicodeError` if this is not a valid name.
    """
    results: SimpleQueue[AddressInfo | Exception] = SimpleQueue()

    def look_up() -> None:
        try:
            results.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            results.put(error)

    Thread(target=look_up, name="resolve", daemon=True).start()
    try:
        found = results.get(timeout=seconds_left())
    except Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def connect(addresses: AddressInfo) -> DeadlineSocket:
    """Connect to the first of these addresses that accepts. Raises `OSError`."""
    failed: OSError = OSError("no address")
    for family, kind, protocol, _, address in addresses:
        sock = DeadlineSocket(family, kind, protocol)
        try:
            sock.settimeout(min(seconds_left(), CONNECT_SECONDS))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(seconds_left())  # for the TLS handshake, which does not use recv_into
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed
