"""A stop under load: what was answered is stored, sockets close 1012, the exit is quick and clean."""

import asyncio
import os
import time

import pytest

from chatproject.tests.server import Server
from messaging.tests.conftest import GENEROUS
from messaging.tests.faults.conftest import ROUNDS
from messaging.tests.faults.load import until
from messaging.tests.faults.room import BusyRoom

pytestmark = pytest.mark.faults

WORKERS = 2 if os.environ.get("REDIS_URL") else 1


async def test_what_was_answered_before_a_stop_is_stored() -> None:
    with Server(workers=WORKERS, env=GENEROUS) as server:
        for _ in range(2 * ROUNDS):
            room = BusyRoom([server])
            async with room:
                room.hurry(pause=0)
                await until(lambda: room.acks > 100, 30, "acks before")  # noqa: B023
                began = time.monotonic()
                code = await asyncio.to_thread(server.stop)
                took = time.monotonic() - began
                closed = [await socket.closed() for socket in room.sockets]
                await asyncio.to_thread(server.start)
                await room.calm()
                assert (code, took < 10) == (0, True), f"exit code {code} after {took:.1f} s"
                assert closed == [1012] * len(closed)
                assert not await room.problems(lived=False)
        assert not server.log.partition("Traceback")[2]
