"""The outer gate: how many requests an address may send before it is known who sends them (`RATE_REQUESTS`).

It is asked before the request is authenticated and its body read (`chatproject/strangers.py`). Windows are fixed and
counted by django-ratelimit, in the cache: shared through Redis where there is one. An address that has used up its
window is remembered until the window ends, so that refusing it costs nothing.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from chatproject.common import limits
from chatproject.common.addresses import address_of, limit_key
from chatproject.common.errors import Refusal

REMEMBERED = 10_000
"""Refused addresses that are remembered. Beyond, they are asked for again."""

# Django's caches belong to a context: with threads of their own, their connections to Redis are kept.
_threads = ThreadPoolExecutor(2, thread_name_prefix="gate")
_refused_until: dict[str, float] = {}


async def admit(address: str) -> None:
    """Count one request of a stranger at this address. Refuses `rate_limited`."""
    key = _key(address)
    if not _remembered(key):
        _remember(key, await asyncio.get_running_loop().run_in_executor(_threads, _count, key))
    _refuse(key)


def admit_request(request: HttpRequest) -> None:
    """The same for a request that turns out to be a stranger's; each is counted once. Refuses `rate_limited`."""
    if is_admitted(request):
        return
    mark_admitted(request)
    key = _key(address_of(request))
    if not _remembered(key):
        _remember(key, _threads.submit(_count, key).result())
    _refuse(key)


def is_admitted(request: HttpRequest) -> bool:
    """Whether this request was counted already, here or by whoever it claims to be."""
    return bool(request.META.get("chat.is_admitted") or getattr(request, "scope", {}).get("chat.is_admitted"))


def mark_admitted(request: HttpRequest) -> None:
    """This request was counted."""
    request.META["chat.is_admitted"] = True


def _key(address: str) -> str:
    return f"{settings.REDIS_PREFIX}:gate:{limit_key(address)}"


def _count(key: str) -> float:
    """Count one request; 0 where it may pass, else the seconds until the next one may. While Redis is away, this
    process counts alone."""
    if not limits.redis_rests():
        try:
            return max(_wait(get_usage(None, "", key=lambda *_: key, rate=rate, increment=True)) for rate in _rates())
        except RedisError:
            pass
    return limits.hit([key], settings.RATE_REQUESTS)[0]


def _rates() -> list[str]:
    return [rate.strip() for rate in settings.RATE_REQUESTS.split(";")]


def _wait(usage: dict[str, Any]) -> float:
    return max(1.0, usage["time_left"]) if usage["should_limit"] else 0.0


def _remembered(key: str) -> bool:
    return _refused_until.get(key, 0.0) > time.monotonic()


def _remember(key: str, wait: float) -> None:
    if not wait:
        return
    if len(_refused_until) >= REMEMBERED:
        _refused_until.clear()
    _refused_until[key] = time.monotonic() + wait


def _refuse(key: str) -> None:
    wait = _refused_until.get(key, 0.0) - time.monotonic()
    if wait > 0:
        raise Refusal("rate_limited", retry_after=round(wait, 3))
