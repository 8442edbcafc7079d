"""Hostile files through a server's doors: what it answers, what it serves, and what that costs it."""

import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    "DATA_DIR": tempfile.mkdtemp(prefix="chat-bench-"),
    "LOG_LEVEL": "WARNING",
}

import httpx

from bench.procstat import rss_kib
from chatproject.tests.server import Server
from media.sniffing import INLINE
from media.tests.files import picture
from messaging.tests.client import GENEROUS, Person, cast_on

AT_ONCE = 8
PATIENCE = 60.0
PLENTY = {**GENEROUS, "RATE_UPLOADS": "100000/s", "RATE_FILES": "100000/s", "UPLOAD_QUOTA_MB": "0"}
HEADERS = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox; default-src 'none'"}


def push_all(files: Mapping[str, Iterable[tuple[str, bytes]]]) -> None:
    """Push them all, and print how it went; fails when one of them was answered or served wrongly."""
    with Server(env=PLENTY) as server:
        alice = cast_on(server)("alice")
        group = alice.group()
        for title, some in files.items():
            wrong, outcomes, slowest = push(server, alice, group, some)
            print(f"{title}: {outcomes.total()} files, {len(wrong)} wrong; slowest {slowest[0]:.1f} s ({slowest[1]})")
            for outcome, count in sorted(outcomes.items()):
                print(f"  {count:5}  {outcome}")
            print(*wrong, sep="\n")
            with watched(server):
                assert outcome_of(alice, group, "honest.png", picture()) == "image/png ready"
            assert not wrong
        assert "fault" not in server.log


def push(
    server: Server, person: Person, group: str, files: Iterable[tuple[str, bytes]]
) -> tuple[list[str], Counter[str], tuple[float, str]]:
    """What was wrong, what became of them, and which took longest."""
    wrong: list[str] = []
    outcomes: Counter[str] = Counter()
    times: list[tuple[float, str]] = []

    def take(named: tuple[str, bytes]) -> None:
        name, content = named
        began = time.monotonic()
        try:
            outcomes[outcome_of(person, group, name, content)] += 1
        except Exception as error:
            wrong.append(f"{name}: {error!r}")
        times.append((time.monotonic() - began, name))

    with watched(server), ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = threading.BoundedSemaphore(2 * AT_ONCE)
        for named in files:
            waiting.acquire()
            pool.submit(take, named).add_done_callback(lambda _: waiting.release())
    return wrong, outcomes, max(times, default=(0.0, "-"))


def outcome_of(person: Person, group: str, name: str, content: bytes) -> str:
    """Bring it, send it, wait until it is ready, and look at how it is served."""
    file = {"file": (name, content, "image/png")}
    answer = person.call("POST", "media/", data={"conversation_id": group}, files=file)
    assert answer.status_code < 500, answer.status_code
    if not answer.is_success:
        return f"refused: {answer.json()['code']}"
    upload = answer.json()
    person.write(group, attachment_ids=[upload["id"]])
    deadline = time.monotonic() + PATIENCE
    while (state := person.get(f"media/{upload['id']}/"))["status"] == "processing":
        assert time.monotonic() < deadline, "still processing"
        time.sleep(0.05)
    served(person, state["content_url"], state["status"] == "ready" and state["mime_type"] in INLINE)
    if state["thumbnail_url"]:
        served(person, state["thumbnail_url"], True)
    return f"{state['mime_type']} {state['status']}"


def served(person: Person, address: str, may_be_shown: bool) -> None:
    with httpx.stream("GET", person.server.url + address, headers=person.headers) as answer:
        assert answer.status_code == 200, answer.status_code
        assert HEADERS.items() <= dict(answer.headers).items(), answer.headers
        is_shown = answer.headers["content-disposition"].startswith("inline")
        assert is_shown == may_be_shown, answer.headers
        assert not is_shown or answer.headers["content-type"] in INLINE, answer.headers


@contextmanager
def watched(server: Server):
    """Print by how much the memory of the server's processes grew at most."""
    before, most, stopping = rss_kib(server.pid), 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not stopping.wait(0.1):
            most = max(most, rss_kib(server.pid))

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    stopping.set()
    thread.join()
    print(f"  memory of the server and its children: {before // 1024} MB, at most {(most - before) // 1024} MB more")
