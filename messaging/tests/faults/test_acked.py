"""Acked means stored: whatever is killed, at whatever moment."""

import asyncio
import os

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, cast_on
from messaging.tests.faults.checker import afterwards, problems
from messaging.tests.faults.conftest import ROUNDS
from messaging.tests.faults.load import HttpSender, Sender, SocketSender, until
from messaging.tests.faults.reader import Reader

pytestmark = [pytest.mark.faults, pytest.mark.search]

KILLS = 2
WORKERS = 2 if os.environ.get("REDIS_URL") else 1


def test_kills_under_load_lose_nothing(dice) -> None:
    with Server(workers=WORKERS, env=GENEROUS) as server:
        asyncio.run(kill_and_start(server, dice))


async def kill_and_start(server: Server, dice) -> None:
    person = cast_on(server)
    people = [person(name) for name in ("alice", "bob", "carol", "member-1", "member-2")]
    groups = [people[0].group(*people[1:]), people[1].group(people[0], *people[2:])]
    senders: list[Sender] = [
        door(one, group) for group in groups for one in people for door in (SocketSender, HttpSender)
    ]
    readers = [Reader(people[n], group) for n, group in enumerate(groups)]
    stop, leave = asyncio.Event(), asyncio.Event()
    sending = asyncio.gather(*(sender.run(stop) for sender in senders))
    reading = asyncio.gather(*(reader.run(leave) for reader in readers))

    def acks() -> int:
        return sum(len(sender.acked) for sender in senders)

    for _ in range(KILLS * ROUNDS):
        before = acks()
        await until(lambda: acks() >= before + 60, 30, "acks after a start")  # noqa: B023
        await asyncio.sleep(dice.uniform(0, 0.2))
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
    stop.set()
    await asyncio.wait_for(sending, 30)
    last = {group: max(s.message["seq"] for s in sends_to(senders, group)) for group in groups}
    await until(lambda: all(reader.position >= last[reader.conversation] for reader in readers), 20, "the readers")
    leave.set()
    await reading

    retried = [send for sender in senders for send in sender.retried]
    assert len(retried) >= KILLS, "nothing was in flight when it was killed"
    print(f"{KILLS * ROUNDS} kills, {acks()} acks, {len(retried)} sent again, {readers[0].visits} visits")  # noqa: T201
    for group, reader in zip(groups, readers, strict=True):
        copies = await asyncio.to_thread(afterwards, server, people[2], group)
        assert not problems(sends_to(senders, group), [*copies, reader.copy])
    assert "Traceback" not in server.log


def sends_to(senders: list[Sender], conversation: str) -> list:
    return [send for sender in senders if sender.conversation == conversation for send in sender.sends]
