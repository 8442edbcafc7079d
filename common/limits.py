"""Moving-window limits, the same for every door: exact waiting times, several windows at once, one call per batch.

A limit is written `count/period`, several joined by `;`: `5/5s;30/m`. A hit counts only when it is allowed, and it
is allowed only when every window allows it. With Redis the windows are shared by all processes; without Redis, or
while it is away, they are kept in this process.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from chatproject.common.errors import Refusal
from chatproject.common.redis import redis_client

log = structlog.get_logger(__name__)

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
Windows = tuple[tuple[int, int], ...]
"""`(count, seconds)` of each window."""


@cache
def parse(rate: str) -> Windows:
    """`"5/5s;30/m"` as `((5, 5), (30, 60))`. Raises `ValueError` when it is written otherwise."""
    windows = []
    for part in rate.split(";"):
        match = re.fullmatch(r"\s*([1-9]\d*)\s*/\s*([1-9]\d*)?([smhd])\s*", part)
        if not match:
            raise ValueError(f"not a limit: {part!r} (write count/period, like 5/5s or 30/m)")
        windows.append((int(match[1]), int(match[2] or 1) * UNITS[match[3]]))
    return tuple(windows)


class MemoryLimits:
    """Windows kept in this process: per key the times of its newest hits, oldest first."""

    def __init__(self) -> None:
        self._hits: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._swept = time.monotonic()

    def hit(self, keys: Sequence[str], windows: Windows) -> list[float]:
        """One hit for each key, in order. 0 where it counts, else the seconds until it would."""
        now = time.monotonic()
        with self._lock:
            self._sweep(now)
            return [self._hit(key, windows, now) for key in keys]

    def forgive(self, keys: Sequence[str], windows: Windows) -> None:
        """Take back the newest hit of each key."""
        with self._lock:
            for key in keys:
                if times := self._hits.get(_window_key(key, windows)):
                    times.pop()

    def _hit(self, key: str, windows: Windows, now: float) -> float:
        times = self._hits.setdefault(_window_key(key, windows), deque())
        wait, longest = 0.0, 0
        for count, seconds in windows:
            longest = max(longest, seconds)
            if len(times) >= count:
                wait = max(wait, times[-count] + seconds - now)
        while times and times[0] <= now - longest:
            times.popleft()
        if wait > 0:
            return wait
        times.append(now)
        return 0.0

    def _sweep(self, now: float) -> None:
        """Forget keys that were quiet for a day, once a minute: strangers must not fill the memory."""
        if now - self._swept < 60:
            return
        self._swept = now
        for key in [key for key, times in self._hits.items() if not times or times[-1] < now - _longest(key)]:
            del self._hits[key]


HIT = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local answers = {}
for k, key in ipairs(KEYS) do
  local wait, longest = 0, 0
  for w = 1, #ARGV - 1, 2 do
    local count, period = tonumber(ARGV[w]), tonumber(ARGV[w + 1]) * 1000000
    longest = math.max(longest, period)
    local nth = redis.call('LINDEX', key, count - 1)
    if nth and nth + period > now then wait = math.max(wait, nth + period - now) end
  end
  if wait == 0 then
    redis.call('LPUSH', key, string.format('%d', now))
    redis.call('LTRIM', key, 0, tonumber(ARGV[#ARGV]) - 1)
    redis.call('PEXPIRE', key, math.ceil(longest / 1000))
  end
  answers[k] = wait
end
return answers
"""


class RedisLimits:
    """Windows shared by all processes: per key a list of its newest hits, by the clock of Redis."""

    def __init__(self) -> None:
        self._client = redis_client()
        self._script = self._client.register_script(HIT)

    def hit(self, keys: Sequence[str], windows: Windows) -> list[float]:
        """As `MemoryLimits.hit`, in one round trip. Raises `RedisError` when Redis is away."""
        args = [number for window in windows for number in window] + [max(count for count, _ in windows)]
        waits = self._script(keys=[self._key(key, windows) for key in keys], args=args)
        return [wait / 1e6 for wait in waits]

    def forgive(self, keys: Sequence[str], windows: Windows) -> None:
        """As `MemoryLimits.forgive`."""
        pipe = self._client.pipeline(transaction=False)
        for key in keys:
            pipe.lpop(self._key(key, windows))
        pipe.execute()

    def _key(self, key: str, windows: Windows) -> str:
        return f"{settings.REDIS_PREFIX}:limit:{_window_key(key, windows)}"


_memory = MemoryLimits()


@cache
def _redis() -> RedisLimits:
    return RedisLimits()


_redis_rests_until = 0.0


def redis_rests() -> bool:
    """Whether Redis has failed a moment ago, and is not asked."""
    return time.monotonic() <= _redis_rests_until


def _ask(deed: str, keys: Sequence[str], rate: str) -> Any:
    """Ask Redis; while it is away, and for two seconds after each failure, this process."""
    global _redis_rests_until
    if settings.REDIS_URL and not redis_rests():
        try:
            return getattr(_redis(), deed)(keys, parse(rate))
        except RedisError as error:
            _redis_rests_until = time.monotonic() + 2
            log.warning("limits_without_redis", reason=type(error).__name__)
    return getattr(_memory, deed)(keys, parse(rate))


def hit(keys: Sequence[str], rate: str) -> list[float]:
    """One hit for each key under `rate`, in order: 0 where it counts, else the seconds until it would."""
    waits: list[float] = _ask("hit", keys, rate)
    return waits


def forgive(keys: Sequence[str], rate: str) -> None:
    """Take back the newest hit of each key: what was counted turned out to be a repeat."""
    _ask("forgive", keys, rate)


def spend(rate: str, *keys: str) -> None:
    """One hit for each key; raises `rate_limited` with the longest wait when any of them is used up."""
    wait = max(hit(keys, rate))
    if wait > 0:
        raise Refusal("rate_limited", retry_after=round(wait, 3))


def _window_key(key: str, windows: Windows) -> str:
    return f"{_written(windows)}:{key}"


@cache
def _written(windows: Windows) -> str:
    return ",".join(f"{count}/{seconds}" for count, seconds in windows)


def _longest(window_key: str) -> int:
    return max(int(window.split("/")[1]) for window in window_key.split(":", 1)[0].split(","))
