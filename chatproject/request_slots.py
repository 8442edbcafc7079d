"""Limits how many requests are served at once, how many may wait, and for how long."""

import asyncio
from collections.abc import Callable

from common.errors import Refusal

MAX_WAIT_SECONDS = 10.0


class RequestSlots:
    """At most `at_once` requests hold a slot, and at most `waiting` more wait, in order. Belongs to one event loop."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waiting, self._may_wait = 0, waiting

    async def acquire(self) -> Callable[[], None]:
        """Wait for a slot. Returns a function that releases it, which may be called more than once. Refuses
        `unavailable` if too many requests are waiting, or after `MAX_WAIT_SECONDS`."""
        if self._free.locked() and self._waiting >= self._may_wait:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting -= 1
        return _call_once(self._free.release)


def _call_once(release: Callable[[], None]) -> Callable[[], None]:
    calls = [release]
    return lambda: calls.pop()() if calls else None


def _busy() -> Refusal:
    return Refusal("unavailable", "The server is busy. Try again in a moment.", retry_after=1)
