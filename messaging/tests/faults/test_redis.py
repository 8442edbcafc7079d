"""Redis only makes delivery faster: while it is away everything is stored, delivered at once in its own process and
soon in the others. When it comes back, empty, every socket receives again."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, PATIENCE, cast_on
from messaging.tests.faults.busy_conversation import BusyConversation
from messaging.tests.faults.conftest import ROUNDS, needs_both
from messaging.tests.faults.load import until
from messaging.tests.faults.own_redis import Redis

pytestmark = [pytest.mark.faults, pytest.mark.search, needs_both]

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
    async with BusyConversation(servers) as busy:
        busy.start_sending(pause=0.2)
        await until(lambda: busy.acks > 50, 30, "acks before")
        await asyncio.to_thread(leave)
        away = asyncio.get_running_loop().time() + AWAY_SECONDS
        before = busy.acks
        await check_own_process(busy)
        await check_limits(servers)
        await sign_in(servers, busy)
        await asyncio.sleep(max(0, away - asyncio.get_running_loop().time()))
        assert busy.acks > before + 50
        head = busy.head
        await asyncio.to_thread(come_back)
        await busy.all_received(head)
        await published_again(busy)
        await busy.stop_sending()
        await busy.all_received()
        assert [dict(sender.codes) for sender in busy.senders] == [{}] * len(busy.senders), "something was refused"
        assert max(sender.slowest for sender in busy.senders) < 5
        assert not await busy.problems()
    assert "_fault" not in servers[0].log


async def check_own_process(busy: BusyConversation) -> None:
    """Sockets in the sender's own process receive at once, whatever Redis does."""
    here = len(busy.sockets) // len(busy.servers)
    probe = await busy.senders[0].send()
    await until(
        lambda: all(n >= here for n in busy.sockets_without(probe.message["seq"])), AT_ONCE, "the same process at once"
    )


async def published_again(busy: BusyConversation) -> None:
    """Soon after Redis is back, what one process stores is delivered by all at once."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    for n in itertools.cycle((0, -1)):
        probe = await busy.senders[n].send()
        try:
            await until(lambda: not busy.sockets_without(probe.message["seq"]), AT_ONCE)  # noqa: B023
        except AssertionError:
            assert asyncio.get_running_loop().time() < deadline, "publications no longer reach the other process"
        else:
            if n == -1:
                return


async def check_limits(servers: list[Server]) -> None:
    """A flood is stopped, also without Redis."""
    person = cast_on(servers[0])
    member = await asyncio.to_thread(person, "member")
    group = await asyncio.to_thread(member.group)
    async with member.socket() as hers:
        for _ in range(401):
            answer = await hers.ask("message.send", conversation_id=group, content="flood")
            if not answer["ok"]:
                break
    assert answer["error"]["code"] == "rate_limited"
    assert 0 < answer["error"]["retry_after"] <= 3600


async def sign_in(servers: list[Server], busy: BusyConversation) -> None:
    """Somebody signs in, and their new socket receives the conversation."""
    bob = busy.people[1]
    body = {"login": bob.name, "password": "correct horse 7"}
    answer = await asyncio.to_thread(bob.call, "POST", "auth/login/", json=body)
    assert answer.status_code == 200, answer.text
    async with bob.socket() as his:
        await his.expect("message.created")
