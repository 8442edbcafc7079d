"""Where sockets sign in: a few at once, so that a crowd that comes back after a restart does not hold up who is here.

Of those who wait the newest is next, and nothing is done for those who have hung up. Those who would wait for too long
are told a time of their own: they come back one after the other, not together.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.errors import Refusal

WAIT_SECONDS = 5.0
"""Seconds that a socket may wait for its turn. Our client gives up after ten without an answer."""
LONGEST_RETURN = 60.0
SPACING = 1.25
"""Times between two returns, in times of one sign-in: others come as well."""


class Entrance:
    """Lets `at_once` sockets sign in at the same time. Of the others the newest is next: whoever has waited longest is
    the first to hang up. Belongs to one event loop."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._seconds_each = 0.003
        self._left_at = self._returns_until = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for this socket's turn. If it does not come soon, refuses `unavailable` with the time to come back."""
        if self._free:
            self._free -= 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._measure()
            self._leave()

    def _leave(self) -> None:
        if self._waiting:
            self._waiting.popitem()[0].set_result(None)
        else:
            self._free += 1

    async def _wait(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = None
        try:
            await asyncio.wait([turn], timeout=WAIT_SECONDS)
        except asyncio.CancelledError:
            if turn.done():
                self._leave()
            self._waiting.pop(turn, None)
            raise
        if self._waiting.pop(turn, turn) is None:
            raise Refusal("unavailable", "Too many sign in at once.", retry_after=self._time_to_return())

    def _measure(self) -> None:
        """While others wait, the time between two who leave is what one sign-in takes."""
        now = asyncio.get_running_loop().time()
        if self._left_at:
            self._seconds_each += (min(now - self._left_at, 1.0) - self._seconds_each) / 200
        self._left_at = now if self._waiting else 0.0

    def _time_to_return(self) -> float:
        """In how many seconds there is room: behind all who were told a time before, if that is not too long."""
        now = asyncio.get_running_loop().time()
        told = max(self._returns_until - now, 0.0) + self._seconds_each * SPACING
        if told > LONGEST_RETURN:
            return round(random.uniform(LONGEST_RETURN / 2, LONGEST_RETURN), 2)  # noqa: S311 - no secret
        self._returns_until = now + told
        return round(told, 2)
