"""A crowd that signs in at once: a few at a time, and nobody waits for longer than clients do."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest

from chatproject.tests.made import postgres_session
from chatproject.tests.server import Server
from common.errors import Refusal
from messaging.realtime import entrance
from messaging.realtime.entrance import Entrance
from messaging.tests.client import GENEROUS, Person, bearer

on_postgres = pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="only PostgreSQL lets a test hold up readers")


async def test_a_few_sign_in_at_once_and_of_the_others_the_newest() -> None:
    door, inside, most, order = Entrance(2), 0, 0, []

    async def sign_in(number: int) -> None:
        nonlocal inside, most
        async with door.turn():
            inside += 1
            most = max(most, inside)
            order.append(number)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*map(sign_in, range(20)))

    assert (most, order) == (2, [0, 1, *range(19, 1, -1)])


async def test_who_waits_too_long_is_told_a_time_of_their_own_and_the_turns_stay(monkeypatch) -> None:
    monkeypatch.setattr(entrance, "WAIT_SECONDS", 0.05)
    door, is_over = Entrance(1), asyncio.Event()
    door._seconds_each = 0.2  # a slow server: times differ by more than the clock's

    async def sign_in() -> float | None:
        try:
            async with door.turn():
                await is_over.wait()
        except Refusal as refusal:
            return refusal.retry_after
        return None

    slow = asyncio.create_task(sign_in())
    await asyncio.sleep(0)
    told = await asyncio.gather(*(sign_in() for _ in range(1000)))
    is_over.set()

    assert await slow is None
    in_turn = told[:200]
    assert in_turn == sorted(in_turn)
    assert in_turn[0] < 1 < 40 < in_turn[-1]
    assert len(set(told)) > 500
    assert max(told) <= 60
    assert await sign_in() is None, "the turns of those who left the line are lost"


@pytest.mark.parametrize("is_told", [False, True])
async def test_who_is_cancelled_in_the_line_takes_no_turn_along(is_told) -> None:
    door = Entrance(1)

    async def sign_in() -> None:
        async with door.turn():
            pass

    async with door.turn():
        waits = asyncio.create_task(sign_in())
        await asyncio.sleep(0)
        if not is_told:
            waits.cancel()
            await asyncio.wait([waits])
    waits.cancel()  # told that it is next, and not gone on yet
    await asyncio.wait([waits])

    assert waits.cancelled()
    async with asyncio.timeout(1):
        await sign_in()


@contextmanager
def nobody_signs_in(server: Server) -> Iterator[None]:
    """Whoever looks for a session waits."""
    with postgres_session(server.env["DATABASE_URL"]) as holder:
        holder.execute("LOCK TABLE accounts_session IN ACCESS EXCLUSIVE MODE")
        yield


@on_postgres
async def test_sockets_that_would_wait_too_long_close_with_the_time_to_come_back() -> None:
    with Server(env=GENEROUS | {"DATABASE_THREADS": "2"}) as server:
        alice = Person(server, "alice")
        async with AsyncExitStack() as sockets:
            with nobody_signs_in(server):
                by_header = {"signs_in": False, "additional_headers": bearer(alice.token)}
                first = [await sockets.enter_async_context(alice.socket(**by_header)) for _ in range(2)]
                others = [await sockets.enter_async_context(alice.socket(**by_header)) for _ in range(5)]
                by_frame = await sockets.enter_async_context(alice.socket(waits_for_hello=False))
                assert [await socket.closed() for socket in [*others, by_frame]] == [1013] * 6
            for socket in first:
                await socket.expect("hello")

        errors = [socket.of("error")[0]["error"] for socket in others] + [by_frame.replies["in"]["error"]]
        assert {error["code"] for error in errors} == {"unavailable"}
        assert all(error["retry_after"] >= 0 for error in errors)
        async with alice.socket() as socket:
            await socket.ask("ping")


@on_postgres
async def test_nothing_is_done_for_those_who_have_left_the_line() -> None:
    with Server(env=GENEROUS | {"DATABASE_THREADS": "2"}) as server:
        alice = Person(server, "alice")
        by_ticket = {"path": f"/ws/?ticket={alice.post('auth/ws-ticket/')['ticket']}", "signs_in": False}
        async with AsyncExitStack() as sockets:
            with nobody_signs_in(server):
                by_header = {"signs_in": False, "additional_headers": bearer(alice.token)}
                first = [await sockets.enter_async_context(alice.socket(**by_header)) for _ in range(2)]
                async with alice.socket(**by_ticket):
                    pass
            for socket in first:
                await socket.expect("hello")

        async with alice.socket(**by_ticket) as socket:  # it serves once
            await socket.expect("hello")
