"""Fetching files from a real server: from its disk and from a bucket."""

import hashlib
import random
import time
from contextlib import ExitStack
from typing import NamedTuple

import httpx
import psutil
import pytest

from chatproject.tests.server import Server, until
from media.tests.files import photograph
from messaging.tests.client import GENEROUS, Person, http

pytestmark = pytest.mark.plain

CONTENT = b"\x00\x01" + random.Random(1).randbytes(40_000_000)
RATES = {"RATE_UPLOADS": "1000/s", "RATE_FILES": "1000/s"}


class File(NamedTuple):
    """A file of 40 MB that alice brought."""

    server: Server
    alice: Person
    url: str

    def get(self, **headers: str) -> httpx.Response:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return http.get(self.url, headers=self.alice.headers | headers)

    def open(self) -> list[str]:
        """Which uploads the server has open."""
        uploads = str(self.server.data_dir / "uploads")
        return [one.path for each in self.server.processes() for one in each.open_files() if uploads in one.path]


def bring(person: Person, conversation: str, content: bytes, name: str) -> dict:
    """The state of a file that was brought, once it is ready."""
    form = {"data": {"conversation_id": conversation}, "files": {"file": (name, content)}}
    answer = person.call("POST", "media/", **form)
    assert answer.status_code == 201, answer.text
    deadline = time.monotonic() + 60
    while (state := person.get(f"media/{answer.json()['id']}/"))["status"] == "processing":
        assert time.monotonic() < deadline, person.server.log
        time.sleep(0.1)
    assert state["status"] == "ready"
    return state


@pytest.fixture(scope="module")
def file():
    with Server(env=GENEROUS | RATES) as server:
        alice, bob = Person(server, "alice"), Person(server, "bob")
        state = bring(alice, alice.group(bob), CONTENT, "data.bin")
        yield File(server, alice, f"{server.url}/api/v1/media/{state['id']}/content/")


def test_all_of_it_arrives(file):
    answer = file.get()

    assert (answer.status_code, len(answer.content)) == (200, len(CONTENT))
    assert answer.content == CONTENT
    assert answer.headers["ETag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="data.bin"'


def test_a_download_that_broke_off_goes_on(file):
    with http.stream("GET", file.url, headers=file.alice.headers) as answer:
        etag = answer.headers["ETag"]
        begun = next(answer.iter_bytes(1_000_000))
    rest = file.get(Range=f"bytes={len(begun)}-", If_Range=etag)

    assert rest.status_code == 206
    assert rest.headers["Content-Range"] == f"bytes 1000000-{len(CONTENT) - 1}/{len(CONTENT)}"
    assert begun + rest.content == CONTENT
    assert file.get(Range="bytes=1000000-", If_Range='"another"').status_code == 200


def test_what_has_no_body_leaves_the_connection_usable(file):
    with httpx.Client(headers=file.alice.headers) as client:
        head = client.head(file.url)
        outside = client.get(file.url, headers={"Range": "bytes=99999999-"})
        known = client.get(file.url, headers={"If-None-Match": head.headers["ETag"]})
        other = client.get(file.url, headers={"If-Match": '"another"'})
        part = client.get(file.url, headers={"Range": "bytes=-5"})

    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(CONTENT)))
    assert (outside.status_code, outside.json()["code"]) == (416, "range_not_satisfiable")
    assert outside.json()["request_id"] == outside.headers["X-Request-Id"]
    assert outside.headers["Content-Range"] == f"bytes */{len(CONTENT)}"
    assert known.status_code == 304
    assert (other.status_code, other.json()["code"]) == (412, "precondition_failed")
    assert (part.status_code, part.content) == (206, CONTENT[-5:])


def test_who_goes_away_leaves_no_open_file(file):
    with http.stream("GET", file.url, headers=file.alice.headers) as answer:
        blocks = answer.iter_raw(1000)  # to be held: httpx closes the connection with it
        assert next(blocks) == CONTENT[:1000]
        assert len(file.open()) == 1
    until(lambda: not file.open())


def test_slow_readers_block_nobody_and_cost_no_memory(file):
    """More of them than there are connections to PostgreSQL, and of no more than a block each."""
    process = psutil.Process(file.server.pid)
    file.get()
    before = process.memory_info().rss
    with ExitStack() as readers:
        streams = [http.stream("GET", file.url, headers=file.alice.headers) for _ in range(15)]
        blocks = [readers.enter_context(stream).iter_raw(1000) for stream in streams]
        assert {next(one) for one in blocks} == {CONTENT[:1000]}
        assert len(file.open()) == 15
        began = time.monotonic()
        for _ in range(10):
            file.alice.get("conversations/")
        assert time.monotonic() - began < 5
        assert process.memory_info().rss - before < 40_000_000
    until(lambda: not file.open())


def test_from_a_bucket_too(s3):
    with Server(env=GENEROUS | RATES | {"STORAGE_URL": s3.url}) as server:
        alice, bob, carol = (Person(server, name) for name in ("alice", "bob", "carol"))
        friends = alice.group(bob)
        state = bring(alice, friends, photograph(), "holiday.jpg")
        url = f"media/{state['id']}/content/"
        alice.write(friends, attachment_ids=[state["id"]])

        sent = bob.call("GET", url)
        thumbnail = bob.call("GET", f"media/{state['id']}/thumbnail/")

        assert (sent.status_code, thumbnail.status_code) == (302, 302)
        assert sent.headers["Cache-Control"] == "no-store"
        part = http.get(sent.headers["Location"], headers={"Range": "bytes=0-2"})
        assert (part.status_code, part.content) == (206, b"\xff\xd8\xff")
        assert part.headers["Content-Type"] == "image/jpeg"
        assert part.headers["Content-Disposition"] == 'inline; filename="holiday.jpg"'
        assert http.get(thumbnail.headers["Location"]).headers["Content-Type"] == "image/webp"
        assert carol.code("GET", url) == "not_found"
        assert alice.call("PUT", "users/me/avatar/", files={"file": ("me.jpg", photograph())}).status_code == 204
        assert bob.call("GET", f"users/{alice.id}/avatar/").status_code == 200
        assert f"img-src 'self' {s3.origin}" in http.get(server.url).headers["Content-Security-Policy"]
        assert not (server.data_dir / "uploads").exists()
        assert list((server.data_dir / "incoming").iterdir()) == []
        assert "X-Amz" not in server.log
        assert "fault" not in server.log
