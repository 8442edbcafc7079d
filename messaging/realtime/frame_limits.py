"""The limits of one socket: how many frames, and how many invalid ones."""

from collections import deque

from common.errors import Refusal
from common.limits import Windows

INVALID_FRAMES = 20
INVALID_SECONDS = 10
REFUSED_IN_A_ROW = 100
"""Refused frames in a row after which a flooding socket is closed."""


class FrameLimit:
    """Counts the frames of a socket, one window at a time: cheap, because every frame passes here."""

    __slots__ = ("_counts", "_ends", "_invalid_at", "_refused", "_windows")

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._counts = [0] * len(windows)
        self._ends = [0.0] * len(windows)
        self._refused = 0
        self._invalid_at: deque[float] | None = None

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
        if self._refused > REFUSED_IN_A_ROW:
            return False
        raise Refusal("rate_limited", retry_after=round(wait, 3))

    def spend_invalid(self, now: float) -> bool:
        """Count an invalid frame. False when the socket must close (4400)."""
        if self._invalid_at is None:
            self._invalid_at = deque(maxlen=INVALID_FRAMES)
        self._invalid_at.append(now)
        return len(self._invalid_at) < INVALID_FRAMES or now - self._invalid_at[0] > INVALID_SECONDS
