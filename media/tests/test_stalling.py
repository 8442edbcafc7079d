"""Stalled uploads end by themselves and leave nothing behind."""

import json
import sys
import threading

import pytest

from chatproject.tests.server import Server
from media.limits import MAX_INCOMING
from media.tests.files import picture
from media.tests.test_upload_parser import Slow, head, incoming, upload
from messaging.tests.client import GENEROUS, cast_on

pytestmark = pytest.mark.plain

SIZE = 700_000
HURRY = """
import sys, django; django.setup()
from chatproject import body_limit
body_limit.MAX_PAUSE_SECONDS, body_limit.LINGER_SECONDS, body_limit.seconds_to_receive = 0.5, 0.1, lambda size: 1.5
from chatproject import commands
commands.run(["manage.py", *sys.argv[1:]])
"""


class Impatient(Server):
    """Waits for a body for half a second, and for all of it for one and a half."""

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-c", HURRY, *args]


@pytest.fixture(scope="module")
def server():
    settings = {"DJANGO_SETTINGS_MODULE": "chatproject.settings", "UPLOAD_QUOTA_MB": "1", "RATE_UPLOADS": "100000/s"}
    with Impatient(env=GENEROUS | settings) as server:
        yield server


@pytest.fixture
def person(server):
    return cast_on(server)


def dribble(slow: Slow, done: threading.Event) -> None:
    """Send a byte again and again, until it is enough."""
    while not done.wait(0.05):
        try:
            slow.send(b"x")
        except OSError:
            return


@pytest.mark.parametrize("begins_with", [0, SIZE // 2])
@pytest.mark.parametrize("dribbles", [False, True])
def test_a_file_that_stops_arriving_leaves_nothing(begins_with, dribbles, server, person):
    alice, done = person("alice"), threading.Event()
    group = alice.group()
    slow = Slow(server, alice, SIZE)
    slow.send(head(group) + bytes(begins_with))
    rest = threading.Thread(target=dribble, args=(slow, done)) if dribbles else threading.Thread()
    rest.start()

    answer = slow.answer()
    done.set()
    rest.join()

    said = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (said["status"], said["detail"]) == (400, "The rest of the body did not arrive.")
    assert incoming(server) == 0
    assert upload(alice, group, bytes(SIZE)).status_code == 201  # the quota is not large enough for two


def test_stalled_uploads_release_their_reservations(server, person):
    alice = person("alice")
    group = alice.group()
    for slow in [Slow(server, alice, 1000) for _ in range(MAX_INCOMING)]:
        assert b" 400 " in slow.answer()

    assert upload(alice, group, picture()).status_code == 201
