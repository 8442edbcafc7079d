"""The client module outside of browsers, with a socket that its caller brings."""

import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from typing import Any, Self

import pytest

from chatproject.tests import canaries
from chatproject.tests.server import Server
from media.tests import files
from messaging.tests.client import GENEROUS, PASSWORD, Returning, bearer, http

NODE = shutil.which("node")
SCRIPT = Path(__file__).parent / "robot.mjs"
pytestmark = [pytest.mark.plain, pytest.mark.skipif(NODE is None, reason="node is not installed")]


class Robot:
    """A process of Node that is signed in as somebody and looks at a group. What it keeps lies in `folder`."""

    def __init__(self, server: Server, login: str, group: str, folder: Path) -> None:
        arguments = [server.url, login, PASSWORD, group, str(folder)]
        self._process = subprocess.Popen(
            [str(NODE), "--experimental-websocket", "--no-warnings", str(SCRIPT), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._patience = Timer(60, self._process.kill)
        self._patience.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        if exc[0]:
            self._process.kill()
        assert self._process.wait(20) == 0 or exc[0]
        self._patience.cancel()

    def say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")

    def tells(self, name: str) -> Any:
        """The next thing of this name that it tells."""
        assert self._process.stdout
        for line in self._process.stdout:
            if name in (told := json.loads(line)):
                return told[name]
        raise AssertionError(f"it ended without {name}")

    def until(self, name: str, value: Any) -> None:
        while self.tells(name) != value:
            pass

    def token(self) -> str:
        """The access token that it has just shown."""
        self.say("me")
        return canaries.note("token", self.tells("token"))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(env={**GENEROUS, "ACCESS_TOKEN_MINUTES": "0.05"}) as server:  # three seconds
        yield server


@pytest.fixture
def robot(server: Server, tmp_path: Path) -> Callable[[], Robot]:
    mark = secrets.token_hex(3)
    alice, bob = (Returning(server, name + mark) for name in ("alice", "bob"))
    group = bob.group(alice)

    def robot() -> Robot:
        return Robot(server, alice.name, group, tmp_path)

    robot.bob, robot.group = bob, group  # type: ignore[attr-defined]
    return robot


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_it_says_what_it_lacks_and_talks_with_a_socket_that_it_is_given(robot) -> None:
    with robot() as one:
        assert one.tells("refused").startswith("There is no WebSocket here. Give one to the client")
        assert one.tells("is_restored") is False
        one.until("state", "online")
        one.say("Hello")
        one.until("heard", "Hello")
        robot.bob.write(robot.group, "Hello yourself")
        one.until("heard", "Hello yourself")


def test_it_outlives_its_token_and_its_process(robot, server: Server) -> None:
    with robot() as one:
        one.until("state", "online")
        token = one.token()
        until(lambda: http.get(f"{server.url}/api/v1/users/me/", headers=bearer(token)).status_code == 401)
        assert one.token() != token
        one.say("Still here")
        one.until("heard", "Still here")

    with robot() as again:
        assert again.tells("is_restored") is True
        again.until("heard", "Still here")
        again.say("Here again")
        again.until("heard", "Here again")


def test_it_hands_files_on_by_their_links(robot, server: Server) -> None:
    form = {"data": {"conversation_id": robot.group}, "files": {"file": ("picture.png", files.two_halves())}}
    upload = robot.bob.call("POST", "media/", **form).json()
    until(lambda: robot.bob.get(f"media/{upload['id']}/")["status"] == "ready")
    robot.bob.write(robot.group, "Look", attachment_ids=[upload["id"]])

    with robot() as one:
        one.until("state", "online")
        one.say(f"link {upload['content_url']}")
        link = one.tells("link")
    assert link.startswith(f"{server.url}/api/v1/media/")
    assert http.get(link).headers["content-type"] == "image/png"


def test_it_ends_after_stop_also_while_it_is_silenced(robot) -> None:
    with robot() as one:
        one.until("state", "online")
        one.say("me")
        alice = one.tells("me")
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        robot.bob.call("PATCH", f"conversations/{robot.group}/members/{alice}/", json={"silenced_until": later})
        one.until("silenced", True)
