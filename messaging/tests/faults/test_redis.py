"""Redis is a doorbell: while it is away everything is stored, said at once in its own process and soon in the others;
when it comes back, empty, nobody is deaf."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import PATIENCE
from messaging.tests.conftest import GENEROUS, cast_on
from messaging.tests.faults.conftest import ROUNDS, needs_both
from messaging.tests.faults.load import until
from messaging.tests.faults.own_redis import Redis
from messaging.tests.faults.room import BusyRoom

pytestmark = [pytest.mark.faults, needs_both]

AWAY_SECONDS = 6.0 * ROUNDS
AT_ONCE = 1.0


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    with Redis() as redis:
        yield redis


@pytest.fixture
async def servers(redis: Redis) -> AsyncIterator[list[Server]]:
    env = {**GENEROUS, "REDIS_URL": redis.url, "RATE_MESSAGES": "350/60s"}
    with Server(env=env) as first, Server(beside=first) as second:
        yield [first, second]


async def test_redis_killed_comes_back_empty(redis: Redis, servers: list[Server]) -> None:
    await through_an_outage(servers, redis.kill, redis.start)


async def test_redis_frozen_goes_on(redis: Redis, servers: list[Server]) -> None:
    await through_an_outage(servers, redis.freeze, redis.thaw)


async def through_an_outage(servers: list[Server], leave, come_back) -> None:
    async with BusyRoom(servers) as room:
        room.hurry(pause=0.2)
        await until(lambda: room.acks > 50, 30, "acks before")
        await asyncio.to_thread(leave)
        away = asyncio.get_running_loop().time() + AWAY_SECONDS
        before = room.acks
        await probe_local(room)
        await limits_bite(servers)
        await sign_in(servers, room)
        await asyncio.sleep(max(0, away - asyncio.get_running_loop().time()))
        assert room.acks > before + 50
        head = room.head
        await asyncio.to_thread(come_back)
        await room.all_heard(head)
        await rung_again(room)
        await room.calm()
        await room.all_heard()
        assert [dict(sender.codes) for sender in room.senders] == [{}] * len(room.senders), "something was refused"
        assert max(sender.slowest for sender in room.senders) < 5
        assert not await room.problems()
    assert "_fault" not in servers[0].log


async def probe_local(room: BusyRoom) -> None:
    """Those in the sender's own process hear at once, whatever Redis does."""
    here = len(room.sockets) // len(room.servers)
    probe = await room.senders[0].send()
    await until(lambda: all(n >= here for n in room.deaf_to(probe.message["seq"])), AT_ONCE, "the same process at once")


async def rung_again(room: BusyRoom) -> None:
    """Soon after Redis is back, rings travel again: what one process stores is heard in all at once."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    for n in itertools.cycle((0, -1)):
        probe = await room.senders[n].send()
        try:
            await until(lambda: not room.deaf_to(probe.message["seq"]), AT_ONCE)  # noqa: B023
        except AssertionError:
            assert asyncio.get_running_loop().time() < deadline, "rings do not travel any more"
        else:
            if n == -1:
                return


async def limits_bite(servers: list[Server]) -> None:
    """A flood is stopped, also without Redis."""
    person = cast_on(servers[0])
    dora = await asyncio.to_thread(person, "dora")
    group = await asyncio.to_thread(dora.group)
    async with dora.socket() as hers:
        for _ in range(401):
            answer = await hers.ask("message.send", conversation_id=group, content="flood")
            if not answer["ok"]:
                break
    assert answer["error"]["code"] == "rate_limited"
    assert 0 < answer["error"]["retry_after"] <= 3600


async def sign_in(servers: list[Server], room: BusyRoom) -> None:
    """Somebody signs in and their new socket hears the room."""
    bob = room.people[1]
    body = {"login": bob.name, "password": "correct horse 7"}
    answer = await asyncio.to_thread(bob.call, "POST", "auth/login/", json=body)
    assert answer.status_code == 200, answer.text
    async with bob.socket() as his:
        await his.expect("message.created")
