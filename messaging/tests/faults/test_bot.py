"""The bot in docs/examples knows what the documents say and nothing else. However often it is killed, it takes down
every message once, also of conversations that began while it was away."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatproject.tests.server import ROOT, Server
from messaging.tests.client import GENEROUS, PASSWORD, Person
from messaging.tests.faults.conftest import ROUNDS

pytestmark = [pytest.mark.plain, pytest.mark.faults, pytest.mark.search]
BOT = ROOT / "docs" / "examples" / "bot.py"
NEW_EPOCH = """
from uuid import uuid4
from common.models import Installation
Installation.objects.update(epoch=uuid4())
"""
PATIENCE = 90


class Bot:
    """The bot as a process of its own, with the file that it keeps."""

    def __init__(self, person: Person, file: Path) -> None:
        self.person, self.file = person, file
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        env = {"CHAT_URL": self.person.server.url, "BOT_LOGIN": self.person.name, "BOT_PASSWORD": PASSWORD}
        env |= {"PATH": os.environ["PATH"], "BOT_FILE": str(self.file)}
        self.process = subprocess.Popen([sys.executable, BOT], env=env)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def kept(self) -> list[str]:
        """What it has taken down; nothing before it has made its table."""
        with sqlite3.connect(self.file, timeout=30) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'messages'").fetchone():
                return []
            return sorted(content for (content,) in db.execute("SELECT content FROM messages"))


@pytest.fixture
def server() -> Iterator[Server]:
    """One that is stopped and started."""
    with Server(env=GENEROUS) as server:
        yield server


@pytest.fixture
def bot(server, tmp_path) -> Iterator[Bot]:
    bot = Bot(Person(server, "bot"), tmp_path / "bot.db")
    yield bot
    bot.kill()


def until_nothing(is_missing: Callable[[], list[str]]) -> None:
    """Wait until nothing is missing any more."""
    deadline = time.monotonic() + PATIENCE
    while missing := is_missing():
        assert time.monotonic() < deadline, missing
        time.sleep(0.1)


class Writers:
    """People who write from several threads, and all that they wrote."""

    def __init__(self, *people: Person) -> None:
        self.people = people
        self.wrote: list[str] = []
        self.pool = ThreadPoolExecutor(4)

    def write(self, conversation: str, content: str) -> None:
        self.people[len(content) % len(self.people)].write(conversation, content)
        self.wrote.append(content)

    def all_write(self, conversations: list[str], name: str) -> None:
        list(self.pool.map(lambda one: self.write(one, f"{name} in {one}"), conversations))

    def missing_in(self, bot: Bot) -> list[str]:
        return sorted(set(self.wrote) - set(bot.kept()))


@pytest.fixture
def writers(server) -> Writers:
    return Writers(Person(server, "alice"), Person(server, "bob"))


def test_what_began_while_it_was_away_is_not_missed(server, bot, writers) -> None:
    alice, bob = writers.people
    old, left = alice.group(bob, bot.person), alice.group(bob, bot.person)
    bot.start()
    writers.all_write([old, left], "before")
    until_nothing(lambda: writers.missing_in(bot))

    bot.kill()
    quiet = alice.group(bob, bot.person)
    writers.all_write([quiet], "while away")
    alice.call("DELETE", f"conversations/{left}/members/{bot.person.id}/")
    writers.all_write([left], "without it")
    alice.post(f"conversations/{left}/members/", {"user_id": bot.person.id})
    many = list(writers.pool.map(lambda _: alice.group(bob, bot.person), range(205)))
    writers.all_write(many, "one of many")
    list(writers.pool.map(lambda n: writers.write(old, f"number {n}"), range(520)))
    bot.start()
    until_nothing(lambda: writers.missing_in(bot))
    late = alice.group(bob, bot.person)
    writers.all_write([late], "live")
    until_nothing(lambda: writers.missing_in(bot))
    assert bot.kept() == sorted(writers.wrote)

    server.stop()
    assert server.run("shell", "-c", NEW_EPOCH).returncode == 0
    bot.kill()
    server.start()
    writers.all_write([old, late], "of another epoch")
    bot.start()
    until_nothing(lambda: writers.missing_in(bot))
    assert bot.kept() == sorted(writers.wrote)


def test_killed_at_any_moment_it_keeps_every_message_once(bot, writers, dice: random.Random) -> None:
    alice, bob = writers.people
    groups = [alice.group(bob, bot.person)]
    for round_ in range(2 * ROUNDS):
        bot.start()
        writing = writers.pool.submit(
            lambda name, some: [writers.write(one, f"{n} of {name} in {one}") for n in range(8) for one in some],
            f"round {round_}",
            [*groups],
        )
        time.sleep(dice.uniform(0.3, 1.5))
        bot.kill()
        groups.append(alice.group(bob, bot.person))
        writers.all_write(groups[-1:], "first")
        writing.result()
    bot.start()

    until_nothing(lambda: writers.missing_in(bot))
    assert bot.kept() == sorted(writers.wrote)
