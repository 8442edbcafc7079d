"""The limit per client address (`RATE_REQUESTS`), for requests whose sender is not known yet.

It is checked before a request is authenticated and before its body is read (`chatproject/address_limit.py`).
django-ratelimit counts in fixed windows, in the cache: all processes share it if there is a Redis. An address that has
used up its window is remembered until the window ends, so that refusing it costs nothing.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from common import limits
from common.addresses import address_of, limit_key
from common.errors import Refusal

MAX_REMEMBERED = 10_000
"""Refused addresses that are remembered. Beyond that number, the cache is asked again."""

# Django's cache connections belong to a context. Dedicated threads keep their connections to Redis open.
_threads = ThreadPoolExecutor(2, thread_name_prefix="address-limits")
_refused_until: dict[str, float] = {}


async def count_stranger(address: str) -> None:
    """Count one unauthenticated request from this address. Refuses `rate_limited`."""
    key = _key(address)
    if not _is_refused(key):
        _remember_refusal(key, await asyncio.get_running_loop().run_in_executor(_threads, _count, key))
    _refuse(key)


def count_request(request: HttpRequest) -> None:
    """Count a request that turned out to be unauthenticated; each request counts once. Refuses `rate_limited`."""
    if is_counted(request):
        return
    mark_counted(request)
    key = _key(address_of(request))
    if not _is_refused(key):
        _remember_refusal(key, _threads.submit(_count, key).result())
    _refuse(key)


def is_counted(request: HttpRequest) -> bool:
    """Whether this request was already counted, by its address or by the session it names."""
    return bool(request.META.get("chat.is_counted") or getattr(request, "scope", {}).get("chat.is_counted"))


def mark_counted(request: HttpRequest) -> None:
    """Note that this request was counted."""
    request.META["chat.is_counted"] = True


def _key(address: str) -> str:
    return f"{settings.REDIS_PREFIX}:address:{limit_key(address)}"


def _count(key: str) -> float:
    """Count one request. Returns 0 if it is allowed, else the seconds until the next one is. While Redis is down, this
    process counts on its own."""
    if not limits.is_redis_paused():
        try:
            return max(
                _seconds_to_wait(get_usage(None, "", key=lambda *_: key, rate=rate, increment=True))
                for rate in _rates()
            )
        except RedisError:
            pass
    return limits.hit([key], settings.RATE_REQUESTS)[0]


def _rates() -> list[str]:
    return [rate.strip() for rate in settings.RATE_REQUESTS.split(";")]


def _seconds_to_wait(usage: dict[str, Any]) -> float:
    return max(1.0, usage["time_left"]) if usage["should_limit"] else 0.0


def _is_refused(key: str) -> bool:
    return _refused_until.get(key, 0.0) > time.monotonic()


def _remember_refusal(key: str, wait: float) -> None:
    if not wait:
        return
    if len(_refused_until) >= MAX_REMEMBERED:
        _refused_until.clear()
    _refused_until[key] = time.monotonic() + wait


def _refuse(key: str) -> None:
    wait = _refused_until.get(key, 0.0) - time.monotonic()
    if wait > 0:
        raise Refusal("rate_limited", retry_after=round(wait, 3))
