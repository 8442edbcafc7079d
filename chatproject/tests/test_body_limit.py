"""Too large bodies are refused before they are read, and the refusal arrives."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection

import httpx
import pytest

from chatproject import body_limit
from chatproject.body_limit import MAX_SIGN_IN_BYTES
from chatproject.tests.server import Server
from common.errors import Refusal

pytestmark = pytest.mark.plain

MEGABYTE = 1024 * 1024


def test_a_body_announced_too_large_is_refused_at_once(running: Server) -> None:
    connection = HTTPConnection("127.0.0.1", running.port, timeout=2)
    connection.putrequest("POST", "/api/v1/auth/login/")
    connection.putheader("Content-Length", str(11 * MEGABYTE))
    connection.endheaders()  # and not one byte of the body
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.getheader("Connection") == "close"
    assert json.loads(answer.read())["code"] == "too_large"


def test_a_chunked_body_is_refused_while_it_grows(running: Server) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as sock:
        sock.sendall(b"POST /api/v1/auth/login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        sock.setblocking(False)
        deadline = time.monotonic() + 10
        answer = b""
        while not answer and time.monotonic() < deadline:
            try:
                sock.setblocking(True)
                sock.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                sent += 65536
                sock.setblocking(False)
                answer = sock.recv(65536)
            except BlockingIOError:
                time.sleep(0.005)
    assert answer.startswith(b"HTTP/1.1 413")
    assert sent < 6 * MEGABYTE  # the cap, and what was on its way in the buffers of both ends


def test_clients_that_send_everything_first_see_the_answer(running: Server) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(11 * 16):
            yield b"x" * 65536

    for body in (b"x" * 11 * MEGABYTE, chunks()):
        answer = httpx.post(f"{running.url}/api/v1/auth/login/", content=body, timeout=20)
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"
        assert answer.headers["connection"] == "close"


def test_memory_stays_flat(running: Server) -> None:
    (process, *_) = running.processes()
    before = process.memory_info().rss
    for _ in range(5):
        httpx.post(f"{running.url}/api/v1/auth/login/", content=b"x" * 11 * MEGABYTE, timeout=20)
    assert process.memory_info().rss - before < 20 * MEGABYTE


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("auth/login/", MAX_SIGN_IN_BYTES),
        ("auth/register/", MAX_SIGN_IN_BYTES),
        ("messages/", MEGABYTE),
    ],
)
def test_a_body_below_the_cap_passes(running: Server, path: str, limit: int) -> None:
    def status(size: int) -> int:
        url, headers = f"{running.url}/api/v1/{path}", {"Content-Type": "application/json"}
        return httpx.post(url, content=b"[" * size, headers=headers, timeout=20).status_code

    assert status(limit) in (400, 401, 404)
    assert status(limit + 1) == 413


def test_pictures_of_people_may_be_larger(running: Server) -> None:
    url = f"{running.url}/api/v1/users/me/avatar/"
    assert httpx.put(url, files={"file": b"x" * 10 * MEGABYTE}, timeout=20).status_code == 401
    refused = httpx.put(url, files={"file": b"x" * 11 * MEGABYTE}, timeout=20)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


def test_pipelined_requests_after_a_refusal_are_not_served(running: Server) -> None:
    refused = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {2 * MEGABYTE}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as sock:
        sock.sendall(refused + b"GET /health/ HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"x" * 2 * MEGABYTE)
        answer = b""
        while chunk := sock.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"uptime" not in answer


async def test_a_body_that_stops_coming_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "MAX_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(body_limit, "LINGER_SECONDS", 0.05)
    pieces = [{"type": "http.request", "body": b"x", "more_body": True}]
    sent: list[Mapping[str, object]] = []

    async def receive() -> Mapping[str, object]:
        if pieces:
            return pieces.pop()
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Mapping[str, object]) -> None:
        sent.append(message)

    async def application(scope: object, receive: body_limit.Receive, send: body_limit.Send) -> None:
        while (await receive()).get("more_body"):
            pass

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", b"100")]}
    await asyncio.wait_for(body_limit.BodyLimit(application)(scope, receive, send), 5)
    assert [sent[0]["status"], sent[-1].get("more_body", False)] == [400, False]


async def test_a_body_that_dribbles_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "MAX_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(body_limit, "MIN_BYTES_PER_SECOND", 1000)
    count = 0

    async def receive() -> Mapping[str, object]:
        nonlocal count
        count += 1
        await asyncio.sleep(0.02)  # never silent, and never done
        return {"type": "http.request", "body": b"x", "more_body": True}

    body = body_limit.LimitedBody(receive, 1000)

    async def read_all() -> None:
        while True:
            await body()

    with pytest.raises(Refusal) as refused:
        await asyncio.wait_for(read_all(), 5)

    assert refused.value.code == "invalid"
    assert count < 50
