"""Parsing uploads: they are refused before they have arrived, and do not delay others."""

import asyncio
import select
import socket
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from chatproject.tests.server import Server
from media.limits import MAX_INCOMING
from media.tests.files import picture
from messaging.tests.client import GENEROUS, Person, bearer, cast_on, http

MEGABYTE = 1024 * 1024
BOUNDARY = "frame"


@pytest.fixture(scope="module")
def server():
    settings = {"MAX_UPLOAD_MB": "20", "UPLOAD_TYPES": "image/*,text/plain", "RATE_UPLOADS": "100000/s"}
    with Server(env=GENEROUS | settings) as server:
        yield server


@pytest.fixture
def person(server):
    return cast_on(server)


def part(name, value):
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def head(conversation):
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    return part("conversation_id", conversation) + file.encode()


class Slow:
    """An upload over a bare connection, sent as one likes."""

    def __init__(self, server: Server, person: Person | None, length: int, what: str = "POST media/") -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        headers = bearer(person.token) if person else {}
        headers |= {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": str(length)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        method, path = what.split()
        self.socket.sendall(f"{method} /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def answer(self) -> bytes:
        """All that is answered until the server closes, or for ten seconds."""
        found = b""
        while chunk := self.socket.recv(65536):
            found += chunk
        return found


def upload(person: Person, conversation: str, content: bytes, name="a.png"):
    fields = {"conversation_id": conversation}
    return person.call("POST", "media/", data=fields, files={"file": (name, content)})


def incoming(server: Server) -> int:
    """The bytes of all files that are not stored yet. Folders are of the sandbox, which works on stored ones."""
    size = 0
    for path in Path(server.data_dir, "incoming").iterdir():
        with suppress(FileNotFoundError):  # it has just gone
            size += path.stat().st_size if path.is_file() else 0
    return size


def test_a_picture_gets_there_and_is_heard_when_it_is_ready(person):
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)

    async def story():
        async with bob.socket() as socket:
            answer = await asyncio.to_thread(upload, alice, group, picture(size=(640, 480)))
            assert answer.status_code == 201, answer.text
            message = await asyncio.to_thread(alice.write, group, "Look", attachment_ids=[answer.json()["id"]])
            await socket.until(lambda: [e for e in socket.of("message.created") if e["seq"] == message["seq"]])
            await socket.until(
                lambda: [
                    event
                    for event in [*socket.of("message.updated"), *socket.of("message.created")]
                    if event["data"]["message"]["attachments"]
                    and event["data"]["message"]["attachments"][0]["status"] == "ready"
                ]
            )

    asyncio.run(story())
    (shown,) = bob.history(group)[-1]["attachments"]
    small = bob.call("GET", shown["thumbnail_url"].removeprefix("/api/v1/"))
    assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")


@pytest.mark.plain
def test_two_gigabytes_are_refused_before_they_come(server, person):
    alice, before = person("alice"), incoming(server)
    slow = Slow(server, alice, 2 * 1024 * MEGABYTE)
    slow.send(head(alice.group()))  # and not one byte of the file

    assert b"413" in slow.answer().split(b"\r\n")[0]
    assert incoming(server) <= before


@pytest.mark.plain
@pytest.mark.parametrize(
    ("who", "content", "code"),
    [
        ("nobody", bytes(200_000), b"not_authenticated"),
        ("a stranger", bytes(200_000), b"not_found"),
        ("a member", b"\x7fELF" + bytes(200_000), b"unsupported_media_type"),
    ],
)
def test_it_is_refused_while_the_rest_is_still_to_come(who, content, code, server, person):
    alice, carol = person("alice"), person("carol")
    group = alice.group()
    slow = Slow(server, {"nobody": None, "a stranger": carol, "a member": alice}[who], 15 * MEGABYTE)
    slow.send(head(group) + content)

    answer = slow.answer()

    assert code in answer
    assert b"connection: close" in answer.lower()
    assert incoming(server) < MEGABYTE
    assert upload(alice, group, picture()).status_code == 201


@pytest.mark.plain
def test_who_sends_everything_first_sees_the_refusal(person):
    alice = person("alice")

    refused = upload(alice, alice.group(), b"\x7fELF" + bytes(12 * MEGABYTE))

    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


def test_slow_uploads_do_not_delay_others(server, person):
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    slow = [Slow(server, one, 10 * MEGABYTE) for one in (bob, carol) for _ in range(15)]
    for one in slow:
        one.send(head(group) + b"\x89PNG\r\n\x1a\n" + bytes(70_000))
    time.sleep(0.5)

    began = time.monotonic()
    assert alice.write(group)["seq"]
    assert upload(alice, group, picture()).status_code == 201
    assert time.monotonic() - began < 5  # and not until the thirty time out
    for one in slow:
        one.socket.close()


@pytest.mark.parametrize("what", ["POST media/", "PUT users/me/avatar/"])
def test_one_person_leaves_slots_for_others(what, server, person):
    alice, bob = person("alice"), person("bob")
    slow = [Slow(server, alice, 1000, what) for _ in range(MAX_INCOMING + 1)]  # and not one byte

    answered, _, _ = select.select([one.socket for one in slow], [], [], 10)

    assert [b" 429 " in one.recv(65536) for one in answered] == [True]
    assert upload(bob, bob.group(), picture()).status_code == 201
    for one in slow:
        one.socket.close()


def test_an_upload_that_breaks_off_leaves_nothing(server, person):
    alice = person("alice")
    slow = Slow(server, alice, 10 * MEGABYTE)
    slow.send(head(alice.group()) + b"\x89PNG\r\n\x1a\n" + bytes(500_000))
    slow.socket.close()

    deadline = time.monotonic() + 10
    while incoming(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert incoming(server) == 0
    assert "fault" not in server.log


def test_without_a_length_it_is_not_read(server, person):
    alice = person("alice")
    content_type = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

    answer = http.post(
        f"{server.url}/api/v1/media/", content=iter([head(alice.group())]), headers=alice.headers | content_type
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_large_file_is_whole_and_comes_back_in_parts(server, person):
    alice = person("alice")
    content = b"".join(b"%07d\n" % n for n in range(15 * MEGABYTE // 8))
    state = upload(alice, alice.group(), content, "numbers.txt").json()
    address = state["content_url"].removeprefix("/api/v1/")

    assert (state["kind"], state["size"]) == ("document", len(content))
    assert alice.call("GET", address).content == content
    middle = httpx.get(server.url + state["content_url"], headers=alice.headers | {"Range": "bytes=8000000-8000007"})
    assert (middle.status_code, middle.content) == (206, b"1000000\n")
