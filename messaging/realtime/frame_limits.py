"""A socket's own limits: how many frames, and how much nonsense."""

from collections import deque

from chatproject.common.errors import Refusal
from chatproject.common.limits import Windows

NONSENSE = 20
NONSENSE_SECONDS = 10
FLOOD = 100
"""Refused frames in a row after which a flooding socket is closed."""


class FrameLimit:
    """Counts a socket's frames in one window at a time: cheap, because every frame passes here."""

    __slots__ = ("_counts", "_ends", "_nonsense", "_refused", "_windows")

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._counts = [0] * len(windows)
        self._ends = [0.0] * len(windows)
        self._refused = 0
        self._nonsense: deque[float] | None = None

    def spend(self, now: float) -> bool:
        """Count a frame; refuses (`rate_limited`) what is too much. False when the socket must close (4429)."""
        wait = 0.0
        for n, (count, seconds) in enumerate(self._windows):
            if now >= self._ends[n]:
                self._ends[n], self._counts[n] = now + seconds, 0
            self._counts[n] += 1
            if self._counts[n] > count:
                wait = max(wait, self._ends[n] - now)
        if not wait:
            self._refused = 0
            return True
        self._refused += 1
        if self._refused > FLOOD:
            return False
        raise Refusal("rate_limited", retry_after=round(wait, 3))

    def nonsense(self, now: float) -> bool:
        """Count a frame that made no sense. False when the socket must close (4400)."""
        if self._nonsense is None:
            self._nonsense = deque(maxlen=NONSENSE)
        self._nonsense.append(now)
        return len(self._nonsense) < NONSENSE or now - self._nonsense[0] > NONSENSE_SECONDS
