"""PostgreSQL goes away, also in the middle of a commit: no ack without storing, and it goes on by itself."""

import asyncio
import os
import statistics
from collections.abc import AsyncIterator

import psycopg
import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, cast_on
from messaging.tests.faults.busy_conversation import BusyConversation
from messaging.tests.faults.conftest import ROUNDS, needs_both
from messaging.tests.faults.load import SocketSender, until
from messaging.tests.faults.proxy import Proxy

pytestmark = [pytest.mark.faults, pytest.mark.search, needs_both]

RECOVERY = 5.0


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with Proxy(os.environ["DATABASE_URL"]) as proxy:
        yield proxy


@pytest.fixture
async def server(proxy: Proxy) -> AsyncIterator[Server]:
    server = Server(env=GENEROUS)
    direct = server.env["DATABASE_URL"]
    server.env["DATABASE_URL"] = proxy.url.rpartition("/")[0] + "/" + direct.rpartition("/")[2]
    try:
        await asyncio.to_thread(server.start)
        yield server
    finally:
        await asyncio.to_thread(server.close)


async def make_busy(server: Server) -> BusyConversation:
    """Made in a thread, because the proxy runs here."""
    return await asyncio.to_thread(BusyConversation, [server])


async def test_an_outage_is_answered_unavailable_and_over_when_it_is_over(proxy: Proxy, server: Server) -> None:
    async with await make_busy(server) as busy:
        busy.start_sending()
        await until(lambda: busy.acks > 50, 30, "acks before")
        for seconds in (3.0, 20.0) * ROUNDS:
            proxy.leave()
            await asyncio.sleep(0.5)  # what was answered before may be on its way
            before = busy.acks
            await asyncio.sleep(seconds)
            assert busy.acks == before, "acked without a database"
            proxy.come_back()
            acked = [len(sender.acked) for sender in busy.senders]
            await until(
                lambda: all(len(s.acked) > n for s, n in zip(busy.senders, acked, strict=True)),  # noqa: B023
                RECOVERY, "everybody can send again",
            )  # fmt: skip
        await busy.stop_sending()
        await busy.all_received()
        assert {code for sender in busy.senders for code in sender.codes} == {"unavailable"}
        assert not await busy.problems()
    assert "Traceback" not in server.log


async def test_a_message_whose_commit_is_not_answered_is_acked_and_written_once(proxy: Proxy, server: Server) -> None:
    alice = await asyncio.to_thread(lambda: cast_on(server)("alice"))
    group = await asyncio.to_thread(alice.group)
    async with alice.socket() as socket:
        await socket.say(group, "before")
        proxy.cut_next_commit()
        said = await socket.say(group, "Hello")
    assert proxy.cut_commits == 1
    history = await asyncio.to_thread(alice.history, group)
    assert [message["content"] for message in history] == ["before", "Hello"]
    assert history[1]["id"] == said["id"]


async def test_commits_whose_answers_are_lost_are_no_loss_and_no_repeats(proxy: Proxy, server: Server) -> None:
    async with await make_busy(server) as busy:
        busy.start_sending()
        await until(lambda: busy.acks > 50, 30, "acks before")
        proxy.cut_at_commit(every=5)
        await until(lambda: proxy.cut_commits >= 20 * ROUNDS, 60, "commits were cut")
        proxy.cut_at_commit(every=0)
        await busy.stop_sending()
        await busy.all_received()
        assert not await busy.problems()
    assert "connection_lost" in server.log
    assert "Traceback" not in server.log


async def test_a_locked_conversation_delays_no_other(server: Server) -> None:
    person = await asyncio.to_thread(cast_on, server)
    alice = await asyncio.to_thread(person, "alice")
    locked, other, free = [await asyncio.to_thread(alice.group) for _ in range(3)]
    beside, within = SocketSender(alice, free), SocketSender(alice, locked)
    calm = asyncio.Event()
    sending = asyncio.create_task(beside.run(calm, pause=0.02))
    await until(lambda: beside.acked, 10, "an ack before")
    beside.slowest, times = 0.0, []

    async with await psycopg.AsyncConnection.connect(server.env["DATABASE_URL"]) as session:
        await session.execute("SELECT 1 FROM conversations_conversation WHERE id = %s FOR UPDATE", [locked])
        waiting = asyncio.create_task(within.send())
        for _ in range(100):
            beside.slowest = 0.0
            count = len(beside.acked)
            await until(lambda: len(beside.acked) > count, 10, "acks beside")  # noqa: B023
            times.append(beside.slowest)
        await until(lambda: within.codes["unavailable"], 10, "an answer after the wait for the lock")
        assert not within.acked
        await session.execute("SELECT 1 FROM conversations_conversation WHERE id = %s FOR UPDATE", [other])
        await session.rollback()
    assert (await asyncio.wait_for(waiting, 5)).message
    calm.set()
    await sending
    await within.close()
    assert statistics.median(times) < 0.5
    assert max(times) < 1.5, "waited for another conversation's lock"
