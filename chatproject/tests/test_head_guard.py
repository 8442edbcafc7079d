"""Heads that do not end, and heads that are none."""

import json
import socket
import time

import httpx
import pytest

from chatproject import head_guard
from chatproject.tests.server import Server

pytestmark = pytest.mark.plain


def answer_to(server: Server, *pieces: bytes) -> bytes:
    """All that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        received = b""
        try:
            for piece in pieces:
                sock.sendall(piece)
                time.sleep(0.01)
            while chunk := sock.recv(65536):
                received += chunk
        except ConnectionError:
            pass
    return received


@pytest.mark.parametrize(
    "text", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"\x16\x03\x01\x00"]
)
def test_what_is_no_request_is_refused_in_the_one_shape(running: Server, text: bytes) -> None:
    head, _, body = answer_to(running, text).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "invalid"


def test_a_header_without_end_is_cut_off(running: Server) -> None:
    pieces = [b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ", *[b"x" * 16384] * 64]
    received = answer_to(running, *pieces)
    assert received == b"" or received.startswith(b"HTTP/1.1 400")  # a reset may swallow the answer
    assert httpx.get(f"{running.url}/health/").status_code == 200


def test_headers_without_number_are_cut_off(running: Server) -> None:
    pieces = [b"GET / HTTP/1.1\r\nHost: localhost\r\n", *[b"".join(b"X-%d: y\r\n" % n for n in range(2000))] * 16]
    received = answer_to(running, *pieces)
    assert received == b"" or received.startswith(b"HTTP/1.1 400")


def test_whoever_sends_no_head_is_let_go(running: Server) -> None:
    started = time.monotonic()
    assert answer_to(running, b"GET / HTTP/1.1\r\nHost: local") == b""
    assert abs(time.monotonic() - started - head_guard.HEAD_SECONDS) < 3


def test_connections_are_kept_for_the_next_request(running: Server) -> None:
    with httpx.Client(base_url=running.url) as client:
        for _ in range(3):
            assert client.get("/health/").status_code == 200
            time.sleep(0.2)
