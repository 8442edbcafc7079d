"""A fair semaphore: people share the slots in turn, so that one person's queue delays another's by one job at most."""

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from common.errors import Refusal

MAX_WAITING = 8
"""How many of one person may wait, because each holds a thread."""


class FairSlots:
    """A number of slots, at most one of them per person. A free slot goes to the person who had one longest ago."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._changed = threading.Condition()
        self._busy: set[Hashable] = set()
        self._waiting: OrderedDict[Hashable, deque[object]] = OrderedDict()

    @contextmanager
    def acquire(self, person: Hashable, timeout: float) -> Iterator[None]:
        """Hold a slot for this person. Refuses `unavailable` if none is free within `timeout` seconds, or if too many
        of this person are waiting."""
        self._take(person, timeout)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._busy.discard(person)
                self._changed.notify_all()

    def _take(self, person: Hashable, timeout: float) -> None:
        ticket = object()
        with self._changed:
            mine = self._waiting.setdefault(person, deque())
            if len(mine) >= MAX_WAITING:
                raise Refusal(
                    "unavailable",
                    "Your other pictures are still being processed. Try again in a moment.",
                    retry_after=2,
                )
            mine.append(ticket)
            is_next = self._changed.wait_for(lambda: self._is_next(person, ticket), timeout)
            mine.remove(ticket)
            del self._waiting[person]
            if mine:
                self._waiting[person] = mine  # behind all others, who had no slot yet
            if not is_next:
                self._changed.notify_all()
                raise Refusal("unavailable", retry_after=1)
            self._free -= 1
            self._busy.add(person)
            self._changed.notify_all()

    def _is_next(self, person: Hashable, ticket: object) -> bool:
        first = next((waiting for waiting in self._waiting if waiting not in self._busy), None)
        return self._free > 0 and first == person and self._waiting[person][0] is ticket
