"""Places that people share, one after the other: nobody's pile keeps another waiting for more than one of it."""

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from chatproject.common.errors import Refusal

MOST_WAITING = 8
"""Of one person: whoever waits holds a thread."""


class Turns:
    """So many places at a time, at most one of them for one person. A free one goes to whoever had theirs longest
    ago."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._changed = threading.Condition()
        self._busy: set[Hashable] = set()
        self._waiting: OrderedDict[Hashable, deque[object]] = OrderedDict()

    @contextmanager
    def turn(self, person: Hashable, patience: float) -> Iterator[None]:
        """A place for this person, within so many seconds. Refuses `unavailable` without one, and when too many of
        theirs wait already."""
        self._take(person, patience)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._busy.discard(person)
                self._changed.notify_all()

    def _take(self, person: Hashable, patience: float) -> None:
        ticket = object()
        with self._changed:
            mine = self._waiting.setdefault(person, deque())
            if len(mine) >= MOST_WAITING:
                raise Refusal("unavailable", "Your other pictures come first.", retry_after=2)
            mine.append(ticket)
            is_here = self._changed.wait_for(lambda: self._is_next(person, ticket), patience)
            mine.remove(ticket)
            del self._waiting[person]
            if mine:
                self._waiting[person] = mine  # behind all others, who had no turn yet
            if not is_here:
                self._changed.notify_all()
                raise Refusal("unavailable", retry_after=1)
            self._free -= 1
            self._busy.add(person)
            self._changed.notify_all()

    def _is_next(self, person: Hashable, ticket: object) -> bool:
        first = next((one for one in self._waiting if one not in self._busy), None)
        return self._free > 0 and first == person and self._waiting[person][0] is ticket
