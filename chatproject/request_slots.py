"""How many requests are worked on at once, how many may wait for their turn, and for how long."""

import asyncio
from collections.abc import Callable

from chatproject.common.errors import Refusal

PATIENCE = 10.0
"""Seconds that a request waits for its turn."""


class Slots:
    """At most `at_once` holders; at most `waiting` more wait, in order. Belongs to one event loop."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waiting, self._may_wait = 0, waiting

    async def acquire(self) -> Callable[[], None]:
        """Wait for a slot. Returns what releases it, however often it is called. Refuses `unavailable` when too many
        wait already, or when it takes too long."""
        if self._free.locked() and self._waiting >= self._may_wait:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting -= 1
        return _once(self._free.release)


def _once(release: Callable[[], None]) -> Callable[[], None]:
    calls = [release]
    return lambda: calls.pop()() if calls else None


def _busy() -> Refusal:
    return Refusal("unavailable", "The server is busy; try again in a moment.", retry_after=1)
