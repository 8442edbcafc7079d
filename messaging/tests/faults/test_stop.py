"""A stop under load: what was answered is stored, sockets close 1012, the exit is quick and clean."""

import asyncio
import os
import time

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS
from messaging.tests.faults.busy_conversation import BusyConversation
from messaging.tests.faults.conftest import ROUNDS
from messaging.tests.faults.load import until

pytestmark = [pytest.mark.faults, pytest.mark.search]

WORKERS = 2 if os.environ.get("REDIS_URL") else 1


async def test_what_was_answered_before_a_stop_is_stored() -> None:
    with Server(workers=WORKERS, env=GENEROUS) as server:
        for _ in range(ROUNDS):
            busy = BusyConversation([server])
            async with busy:
                busy.start_sending(pause=0)
                await until(lambda: busy.acks > 100, 30, "acks before")  # noqa: B023
                began = time.monotonic()
                code = await asyncio.to_thread(server.stop)
                took = time.monotonic() - began
                closed = [await socket.closed() for socket in busy.sockets]
                await asyncio.to_thread(server.start)
                await busy.stop_sending()
                assert (code, took < 10) == (0, True), f"exit code {code} after {took:.1f} s"
                assert closed == [1012] * len(closed)
                assert not await busy.problems(lived=False)
        assert not server.log.partition("Traceback")[2]
