"""Sliding-window rate limits: exact waiting times, several windows per limit, one call for a whole batch.

`action_limits` applies them to actions, `address_limits` to client addresses.

A limit is written `count/period`, several are joined by `;`: `5/5s;30/m`. A hit counts only if every window allows it.
With Redis the windows are shared by all processes; without Redis, or while it is down, each process keeps its own.
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

from common.errors import Refusal
from common.redis import redis_client

logger = structlog.get_logger(__name__)

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
Windows = tuple[tuple[int, int], ...]
"""`(count, seconds)` of each window."""


@cache
def parse(rate: str) -> Windows:
    """`"5/5s;30/m"` as `((5, 5), (30, 60))`. Raises `ValueError` if the rate is malformed."""
    windows = []
    for part in rate.split(";"):
        match = re.fullmatch(r"\s*([1-9]\d*)\s*/\s*([1-9]\d*)?([smhd])\s*", part)
        if not match:
            raise ValueError(f"not a limit: {part!r} (write count/period, like 5/5s or 30/m)")
        windows.append((int(match[1]), int(match[2] or 1) * UNITS[match[3]]))
    return tuple(windows)


class MemoryLimits:
    """Windows kept in this process: for each key the times of its latest hits, oldest first."""

    def __init__(self) -> None:
        self._hits: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._swept = time.monotonic()

    def hit(self, keys: Sequence[str], windows: Windows) -> list[float]:
        """Record a hit for each key. Returns 0 for each hit that was allowed, else the seconds to wait."""
        now = time.monotonic()
        with self._lock:
            self._sweep(now)
            return [self._hit(key, windows, now) for key in keys]

    def forgive(self, keys: Sequence[str], windows: Windows) -> None:
        """Take back the latest hit of each key."""
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
        """Once a minute, forget keys whose windows are empty, so that clients cannot fill the memory."""
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
    """Windows shared by all processes: for each key a list of its latest hits, by the clock of Redis."""

    def __init__(self) -> None:
        self._client = redis_client()
        self._script = self._client.register_script(HIT)

    def hit(self, keys: Sequence[str], windows: Windows) -> list[float]:
        """As `MemoryLimits.hit`, in one round trip. Raises `RedisError` if Redis is down."""
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


_redis_paused_until = 0.0


def is_redis_paused() -> bool:
    """Whether Redis has just failed, and is not used for a moment."""
    return time.monotonic() <= _redis_paused_until


def _call(method: str, keys: Sequence[str], rate: str) -> Any:
    """Use Redis. After a failure, use this process's windows for two seconds."""
    global _redis_paused_until
    if settings.REDIS_URL and not is_redis_paused():
        try:
            return getattr(_redis(), method)(keys, parse(rate))
        except RedisError as error:
            _redis_paused_until = time.monotonic() + 2
            logger.warning("limits_without_redis", reason=type(error).__name__)
    return getattr(_memory, method)(keys, parse(rate))


def hit(keys: Sequence[str], rate: str) -> list[float]:
    """Record a hit for each key under `rate`. Returns 0 for each hit that was allowed, else the seconds to wait."""
    waits: list[float] = _call("hit", keys, rate)
    return waits


def forgive(keys: Sequence[str], rate: str) -> None:
    """Take back the latest hit of each key: what was counted turned out to be a repeat."""
    _call("forgive", keys, rate)


def spend(rate: str, *keys: str) -> None:
    """Record a hit for each key. Refuses `rate_limited`, with the longest wait, if any of them is used up."""
    wait = max(hit(keys, rate))
    if wait > 0:
        raise Refusal("rate_limited", retry_after=round(wait, 3))


def _window_key(key: str, windows: Windows) -> str:
    return f"{_format(windows)}:{key}"


@cache
def _format(windows: Windows) -> str:
    return ",".join(f"{count}/{seconds}" for count, seconds in windows)


def _longest(window_key: str) -> int:
    return max(int(window.split("/")[1]) for window in window_key.split(":", 1)[0].split(","))
