"""Chunked bodies, without a Content-Length, are accepted on every route that takes a body."""

import json
import re
import socket
from uuid import UUID

import pytest

from chatproject.tests.operations import Found, operations
from messaging.tests.client import Person, bearer, http

pytestmark = pytest.mark.plain

JSON = "application/json"
BOUNDARY = "chunky"
NOTHING = UUID(int=7)
WITH_JSON = [one for one in operations() if one.about.body and not one.has_form]
WITH_FORM = [one for one in operations() if one.has_form]


def name(operation: Found) -> str:
    return f"{operation.method} {operation.route}"


def chunked(person: Person, method: str, path: str, body: bytes, content_type: str = JSON) -> tuple[int, dict]:
    """Send a body in two chunks, without saying how long it is."""
    middle = len(body) // 2
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (body[:middle], body[middle:]) if chunk)
    head = {"Host": "localhost", "Content-Type": content_type, "Transfer-Encoding": "chunked", "Connection": "close"}
    head |= {"If-None-Match": "*"}  # a backup of keys is replaced by name only
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**head, **bearer(person.token)}.items())
    with socket.create_connection(("127.0.0.1", person.server.port), timeout=20) as sock:
        sock.sendall(f"{method} /api/v1/{path} HTTP/1.1\r\n{lines}\r\n".encode() + chunks + b"0\r\n\r\n")
        answer = b""
        while received := sock.recv(65536):
            answer += received
    head, _, content = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(content) if content else {}


def form(*parts: tuple[str, bytes]) -> bytes:
    shown = [b"--chunky\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (n.encode(), v) for n, v in parts]
    return b"".join([*shown, b"--chunky--\r\n"])


class Scene:
    """olga, who may do everything, in a group with bob."""

    def __init__(self, operator: Person, person) -> None:
        self.olga, bob = operator, person("bob")
        self.group = operator.group(bob)
        message = operator.write(self.group)["id"]
        report = bob.post(f"messages/{message}/report/", {"reason": "spam"})["id"]
        spam = {"kind": "word", "pattern": f"spam-{bob.name}", "action": "flag"}
        filter_ = operator.post("moderation/filters/", spam)["id"]
        self.ids = {"conversations": self.group, "messages": message, "users": bob.id, "people": bob.id}
        self.ids |= {"reports": report, "filters": filter_, "members": "me"}

    def path(self, route: str) -> str:
        """The route with what is really there, where a body is looked at."""
        return re.sub(r"([a-z-]+)/<\w+:\w+>", lambda found: f"{found[1]}/{self.ids.get(found[1], NOTHING)}", route)


@pytest.fixture(scope="module")
def scene(operator, server) -> Scene:
    from messaging.tests.client import cast_on

    return Scene(operator, cast_on(server))


def test_there_are_routes_with_bodies() -> None:
    assert len(WITH_JSON) > 30
    assert len(WITH_FORM) == 3


@pytest.mark.parametrize("operation", WITH_JSON, ids=name)
def test_every_body_is_read(scene, operation) -> None:
    status, answer = chunked(scene.olga, operation.method, scene.path(operation.route), b'{"broken": ')

    assert (status, answer["code"], answer["detail"]) == (400, "invalid", "The text is not valid JSON.")


@pytest.mark.parametrize("operation", WITH_FORM, ids=name)
def test_every_form_is_read(scene, operation) -> None:
    media_type = f"multipart/form-data; boundary={BOUNDARY}"
    where = [("name=conversation_id", scene.group.encode())] if operation.route == "media/" else []
    body = form(*where, ('name=file; filename="a.png"', b"no picture" * 9))

    status, answer = chunked(scene.olga, operation.method, scene.path(operation.route), body, media_type)

    assert status in (201, 415), answer  # kept, or the picture was looked at


def test_a_chunked_request_takes_effect(scene) -> None:
    status, invite = chunked(scene.olga, "POST", f"conversations/{scene.group}/invites/", b'{"max_uses":1}')
    changed, row = chunked(scene.olga, "PATCH", f"conversations/{scene.group}/", b'{"name":"Chunks"}')

    assert (status, invite["max_uses"]) == (201, 1)
    assert (changed, row["name"]) == (200, "Chunks")


def test_a_chunked_upload_is_stored_completely(scene) -> None:
    content = b"The plan. " * 20_000
    body = form(("name=conversation_id", scene.group.encode()), ('name=file; filename="plan.txt"', content))

    status, upload = chunked(scene.olga, "POST", "media/", body, f"multipart/form-data; boundary={BOUNDARY}")

    assert (status, upload["size"]) == (201, len(content))
    got = http.get(f"{scene.olga.server.url}{upload['content_url']}", headers=scene.olga.headers)
    assert got.content == content


@pytest.mark.parametrize("body", [b"", b"no form at all", b"--chunky--\r\n"])
def test_an_empty_form_is_refused(scene, body) -> None:
    status, answer = chunked(scene.olga, "POST", "media/", body, f"multipart/form-data; boundary={BOUNDARY}")

    assert (status, answer["code"]) == (400, "invalid")


def test_an_empty_chunked_body_is_an_empty_body(scene) -> None:
    status, invite = chunked(scene.olga, "POST", f"conversations/{scene.group}/invites/", b"")

    assert (status, invite["max_uses"]) == (201, None)
