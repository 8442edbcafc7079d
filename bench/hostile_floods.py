"""What floods over real sockets cost a server on its default limits: four at once, each until the server closes it or
all of it is read, for five seconds at most; and how long `GET /health/` takes from beside meanwhile."""

import json
import socket
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx

from bench.procstat import cpu_seconds
from chatproject.tests.server import Server

SOCKETS, FRAMES, SMALL, SECONDS = 4, 64, 50_000, 5.0
MASK = b"\0\0\0\0"
PIECE = 65_536


def text(payload: bytes) -> bytes:
    """A masked text frame."""
    long = len(payload) > 125
    size = b"\xfe" + len(payload).to_bytes(2, "big") if long else bytes([0x80 | len(payload)])
    return b"\x81" + size + MASK + payload


def full_of(element: bytes) -> bytes:
    return text(b"[" + b",".join([element] * 21_500) + b"]")


PING, PONG, BEGIN, CONTINUATION = (bytes([first, 0x80]) + MASK for first in (0x89, 0x8A, 0x01, 0x00))
FLOODS = {
    "64 KB of empty objects": (full_of(b"{}") * FRAMES, FRAMES),
    "64 KB of empty lists": (full_of(b"[]") * FRAMES, FRAMES),
    "empty continuations": (BEGIN + CONTINUATION * SMALL + b"\x80\x80" + MASK, SMALL),
    "pings": (PING * SMALL, SMALL),
    "pongs": (PONG * SMALL, SMALL),
}
LAST = text(b'{"type":"ping","id":"the last"}')
ENDS = (b"the last", *(code.to_bytes(2, "big") for code in (4400, 4401, 4408, 4429)))
"""What is answered at the end: to the last frame, or the code of a closed socket."""


def show() -> None:
    """Print a table of them all, before signing in and after."""
    print("| flood | signed in | MB sent | CPU ms | ms per MB | per 1,000 frames | health ms, median | slowest |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    with Server(env={"REQUIRE_EMAIL_VERIFICATION": "false"}) as server:
        body = {"email": "alice@example.org", "username": "alice", "password": "correct horse battery"}
        alice = httpx.post(f"{server.url}/api/v1/auth/register/", json=body).json()["access"]
        for name, (flood, frames) in FLOODS.items():
            for token in ("", alice):
                row = measured(server, flood, frames, token)
                print(f"| {name} | {'yes' if token else 'no'} | {row} |", flush=True)


def measured(server: Server, flood: bytes, frames: int, token: str) -> str:
    before, ended = cpu_seconds([server.pid]), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask, server, ended)
        sent = pour(server, flood, token)
        ended.set()
        health = asking.result()
    cost = (cpu_seconds([server.pid]) - before) * 1000
    share = sent / len(flood)
    return (
        f"{sent / 1e6:.1f} | {cost:.0f} | {cost / sent * 1e6:.1f} | {cost / (frames * share) * 1000:.1f}"
        f" | {statistics.median(health):.0f} | {max(health):.0f}"
    )


def pour(server: Server, flood: bytes, token: str) -> int:
    """The bytes that the server's side took."""
    with ThreadPoolExecutor(SOCKETS) as pool:
        return sum(pool.map(lambda _: pour_one(server, flood, token), range(SOCKETS)))


def pour_one(server: Server, flood: bytes, token: str) -> int:
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as sock:
        head = "GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        sock.sendall(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n".encode())
        read_until(sock, b"\r\n\r\n")
        if token:
            sock.sendall(text(json.dumps({"type": "authenticate", "data": {"token": token}}).encode()))
            read_until(sock, b'"hello"')
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(send, sock, flood)
            read_until(sock, *ENDS)
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            return sending.result()


def send(sock: socket.socket, flood: bytes) -> int:
    """The bytes that were taken until the socket was closed."""
    sent = 0
    with suppress(OSError):
        for start in range(0, len(flood), PIECE):
            sent += sock.send(flood[start : start + PIECE])
        sock.sendall(LAST)
    return sent


def read_until(sock: socket.socket, *ends: bytes) -> None:
    """Read and forget until one of these was read, nothing comes any more, or it takes too long."""
    seen = b""
    began = time.monotonic()
    with suppress(OSError):
        sock.settimeout(SECONDS)
        while (
            not any(end in seen for end in ends) and time.monotonic() < began + SECONDS and (more := sock.recv(PIECE))
        ):
            seen = seen[-8:] + more


def ask(server: Server, ended: threading.Event) -> list[float]:
    took: list[float] = []
    while not took or not ended.wait(0.1):
        began = time.monotonic()
        httpx.get(f"{server.url}/health/", timeout=120)
        took.append((time.monotonic() - began) * 1000)
    return took
