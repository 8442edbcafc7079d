"""People who write and connect while the servers behind a proxy are restarted, one after the other."""

import asyncio
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.exceptions import InvalidStatus

from chatproject.tests.nginx import Nginx
from chatproject.tests.server import ROOT, Server
from messaging.tests.client import GENEROUS, Person, cast_on
from messaging.tests.faults.checker import Send, stored
from messaging.tests.faults.load import AWAY, HttpSender, Sender, SocketSender

LATE = 5.0
"""Seconds after which a handshake counts as one that hangs."""


class Host(Server):
    """A server whose background worker runs elsewhere, and that may take its time to start on a busy machine."""

    def start(self, timeout: float = 180) -> Self:
        return super().start(timeout)

    def command(self, *args: str) -> list[str]:
        return super().command(*args, *(["--no-worker"] if args == ("serve",) else []))


@contextmanager
def hosts(workers: int, *, tree: Path = ROOT, **env: str) -> Iterator[list[Server]]:
    """Two hosts with so many processes each, and one worker for both."""
    with (
        Host(workers=workers, env={**GENEROUS, **env}, bare=tree != ROOT, tree=tree) as first,
        Host(beside=first, tree=tree) as second,
    ):
        with (first.data_dir / "worker.log").open("ab") as log:
            worker = subprocess.Popen(first.command("worker"), env=first.env, stdout=log, stderr=log, cwd=first.tree)
        try:
            yield [first, second]
        finally:
            worker.terminate()
            worker.wait(15)


class Visitor(HttpSender):
    """Sends over HTTP and counts every answer, also of the proxy itself."""

    async def attempt(self, send: Send) -> None:
        self._client = self._client or httpx.AsyncClient(timeout=30, headers=self.person.headers)
        path = f"/api/v1/conversations/{self.conversation}/messages/"
        body = {"content": send.content, "client_id": send.client_id}
        answer = await self._client.post(self.person.server.url + path, json=body)
        self.codes[str(answer.status_code)] += 1
        if answer.is_success:
            send.message = answer.json()
        else:
            send.refusals.append(str(answer.status_code))


class Connecter:
    """Opens one socket after the other, up to its `hello`, and counts what became of each."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.outcomes: Counter[str] = Counter()
        self.slowest = 0.0

    async def run(self, stop: asyncio.Event, pause: float) -> None:
        while not stop.is_set():
            began, outcome = time.monotonic(), "hello"
            try:
                async with asyncio.timeout(30), self.person.socket():
                    took = time.monotonic() - began
            except InvalidStatus as refused:
                outcome, took = str(refused.response.status_code), time.monotonic() - began
            except (*AWAY, AssertionError):  # closed before its `hello`
                outcome, took = "closed before hello", time.monotonic() - began
            self.outcomes["hung" if took > LATE else outcome] += 1
            self.slowest = max(self.slowest, took)
            await asyncio.sleep(pause)


async def restart_under_load(hosts: list[Server], proxy: Nginx, *, rate: float, rounds: int) -> dict[str, Any]:
    """Restart the hosts one after the other, `rounds` times, while people send `rate` messages a second, half by HTTP.
    Returns what they saw, held against the tables."""
    alice, bob, carol = map(cast_on(proxy), ("alice", "bob", "carol"))
    group = alice.group(bob)
    senders: list[Sender] = [
        way(one, group) for one in (alice, bob) for _ in range(10) for way in (Visitor, SocketSender)
    ]
    connecters, stop = [Connecter(carol) for _ in range(3)], asyncio.Event()
    running = [asyncio.create_task(one.run(stop, len(senders) / rate)) for one in senders]
    running += [asyncio.create_task(one.run(stop, 0.05)) for one in connecters]
    await asyncio.sleep(2)
    for host in hosts * rounds:
        assert await asyncio.to_thread(host.stop, timeout=40) == 0
        await asyncio.to_thread(host.start)
    await asyncio.sleep(2)
    stop.set()
    await asyncio.gather(*running)
    sends = [send for one in senders for send in one.sends]
    counts = Counter(entry.client_id for entry in stored(hosts[0], group) if entry.id)
    return {
        "sends": len(sends),
        "lost": sum(send.client_id not in counts for send in sends),
        "twice": sum(count > 1 for count in counts.values()),
        "http": dict(sum((one.codes for one in senders if isinstance(one, Visitor)), Counter())),
        "sockets": dict(sum((one.codes for one in senders if not isinstance(one, Visitor)), Counter())),
        "handshakes": dict(sum((one.outcomes for one in connecters), Counter())),
        "slowest send s": round(max(one.slowest for one in senders), 2),
        "slowest handshake s": round(max(one.slowest for one in connecters), 2),
    }
