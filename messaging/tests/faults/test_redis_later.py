"""Redis need not be there when a process starts."""

import asyncio

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, cast_on
from messaging.tests.faults.conftest import needs_both
from messaging.tests.faults.load import until
from messaging.tests.faults.own_redis import Redis

pytestmark = [pytest.mark.faults, needs_both]


async def test_two_processes_chat_before_redis_is_there_and_at_once_after() -> None:
    redis = Redis()
    with Server(env={**GENEROUS, "REDIS_URL": redis.url}) as first, Server(beside=first) as second:
        person = cast_on(first)
        alice, bob = person("alice"), person("bob")
        group = alice.group(bob)
        bob.server = second
        async with alice.socket() as hers, bob.socket() as his:
            await hers.say(group, "without Redis")
            await hers.expect("message.created")
            await his.until(lambda: 3 in his.seqs(group), 10)
            with redis:
                await until(lambda: first.log.count("layer_joined") == 2, 20)  # they share it
                sent = await hers.say(group, "with Redis")
                await asyncio.wait_for(his.until(lambda: sent["seq"] in his.seqs(group)), 2)
                assert "_fault" not in first.log
