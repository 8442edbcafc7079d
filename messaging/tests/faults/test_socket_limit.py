"""Twenty sockets of a person, over all processes."""

import asyncio
from contextlib import AsyncExitStack

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, PATIENCE, cast_on
from messaging.tests.faults.conftest import needs_both

pytestmark = needs_both


async def test_of_thirty_over_two_processes_the_ten_oldest_close() -> None:
    with Server(env={**GENEROUS, "WORKERS": "2"}) as server:
        person = cast_on(server)
        alice, bob = await asyncio.to_thread(person, "alice"), await asyncio.to_thread(person, "bob")

        async with bob.socket() as his, AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(alice.socket()) for _ in range(30)]
            async with asyncio.timeout(PATIENCE):
                codes = await asyncio.gather(*(socket.closed() for socket in sockets[:10]))
            assert codes == [4409] * 10
            for socket in sockets[10:]:
                await socket.ask("ping")
            await his.ask("ping")


async def test_sockets_that_went_with_their_process_do_not_count() -> None:
    with Server(env=GENEROUS) as server, Server(env=GENEROUS, beside=server) as other:
        alice = await asyncio.to_thread(cast_on(server), "alice")
        async with AsyncExitStack() as stack:
            here = [await stack.enter_async_context(alice.socket()) for _ in range(10)]
            alice.server = other
            gone = [await stack.enter_async_context(alice.socket()) for _ in range(10)]
            other.kill()
            assert [await socket.closed() for socket in gone] == [1006] * 10
            alice.server = server
            back = [await stack.enter_async_context(alice.socket()) for _ in range(10)]
            await asyncio.sleep(2)
            for socket in [*here, *back]:
                await socket.ask("ping")
