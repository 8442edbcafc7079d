"""Talking to the outside within a time that holds whatever the other side does: names, connections, bytes that drip.

    with within(10):
        resolve("push.example.org", 443)    # TimeoutError after 10 seconds

A socket's own timeout begins anew with each byte.
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
"""For one address of several; the next may answer."""

Found = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]]
"""What `getaddrinfo` answers."""
_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """From now on, in this thread; one inside another can only be shorter."""
    token = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


def left() -> float:
    """Seconds that are left. Raises `TimeoutError` when none are."""
    if (seconds := _until.get() - time.monotonic()) <= 0:
        raise TimeoutError
    return seconds


class DatedSocket(socket.socket):
    """Each read gets only the time that is left."""

    def recv_into(self, *args: Any) -> int:
        self.settimeout(left())
        return super().recv_into(*args)


class DatedSSLSocket(ssl.SSLSocket):
    """The same behind TLS: an `SSLContext` makes them when it is told so."""

    def recv_into(self, *args: Any) -> int:
        self.settimeout(left())
        return super().recv_into(*args)


def resolve(host: str, port: int) -> Found:
    """What `getaddrinfo` says, which asks for as long as it likes: in a thread that nobody need wait for.

    Raises `OSError` (`TimeoutError` is one), or `UnicodeError` when this cannot be a name.
    """
    told: SimpleQueue[Found | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            told.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            told.put(error)

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = told.get(timeout=left())
    except Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def connect(addresses: Found) -> DatedSocket:
    """A connection to the first of them that takes one. Raises `OSError`."""
    failed: OSError = OSError("no address")
    for family, kind, protocol, _, address in addresses:
        sock = DatedSocket(family, kind, protocol)
        try:
            sock.settimeout(min(left(), CONNECT_SECONDS))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(left())  # for the handshake of TLS, which reads in its own way
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed
