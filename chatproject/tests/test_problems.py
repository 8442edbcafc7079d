"""Whoever refuses, also the framework itself: one shape."""

import json
import re
import socket
from typing import Any
from uuid import UUID

import httpx
import pytest

from chatproject.tests.operations import operations
from chatproject.tests.server import Server

pytestmark = pytest.mark.plain

FIELDS = {"type", "title", "status", "code", "detail", "request_id", "errors"}


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() >= FIELDS
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"]
    assert body["request_id"] == answer.headers["x-request-id"]


def raw(server: Server, text: bytes) -> tuple[int, dict[str, str], Any]:
    """Send bytes as they are; the answer's status, headers and body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(text)
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, json.loads(body) if "json" in headers["content-type"] else body


@pytest.mark.parametrize("path", ["/nothing", "/nothing/", "/api/v1/nothing/", "/api/v1/users/%00/", "/static/nothing"])
def test_unknown_addresses(running: Server, path: str) -> None:
    assert_problem(httpx.get(running.url + path, follow_redirects=True), 404, "not_found")


def test_without_the_slash_there_is_nothing_and_the_answer_names_the_address(client) -> None:
    for operation in operations():
        path = "/api/v1/" + re.sub(r"<\w+:\w+>", str(UUID(int=7)), operation.route).rstrip("/")
        answer = client.generic(operation.method, path, "{}", content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert answer.json()["detail"] == f"Not found. Addresses end with a slash: {path}/"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin", "/admin/accounts/user", "/health", "/api/docs"])
def test_only_whoever_asks_for_a_page_is_sent_to_its_address(client, olga, path: str) -> None:
    client.force_login(olga)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = client.generic(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), method
    assert client.get(path).status_code == (404 if path.startswith("/api/") else 301)


@pytest.mark.parametrize("path", ["/", "/health/", "/health/ready/", "/api/schema/"])
def test_methods_that_are_not_there(running: Server, path: str) -> None:
    assert_problem(httpx.delete(running.url + path), 405, "method_not_allowed")


def test_a_host_that_is_not_ours(running: Server) -> None:
    assert_problem(httpx.get(f"{running.url}/", headers={"Host": "evil.example"}), 400, "invalid")


def test_faults_tell_nothing(running: Server, settings: Any) -> None:
    from django.test import Client

    settings.ROOT_URLCONF = "chatproject.tests.faulty_urls"
    answer = Client(raise_request_exception=False).get("/")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "hunter2" not in answer.content.decode()


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /%ff%fe HTTP/1.1",
        b"GET /?q=%ff&q=%00 HTTP/1.1",
        b"GET /..%2f..%2fetc/passwd HTTP/1.1",
        b"GET //evil.example/ HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET /\xc3\xa9 HTTP/1.1",
        b"BREW / HTTP/1.1",
        b"GET / HTTP/9.9",
        b"GET http://evil.example/ HTTP/1.1",
        b"PROPFIND / HTTP/1.1",
    ],
)
def test_odd_requests_are_answered(running: Server, request_line: bytes) -> None:
    status, _, body = raw(running, request_line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert status < 500
    if status >= 400 and isinstance(body, dict):
        assert body.keys() >= FIELDS


def test_headers_without_measure_are_refused(running: Server) -> None:
    text = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Long: " + b"x" * 60_000 + b"\r\n\r\n"
    status, headers, body = raw(running, text)
    assert (status, body["code"], headers["connection"]) == (413, "too_large", "close")
