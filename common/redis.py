"""The synchronous Redis client of a process, for limits, leases and publications from threads."""

from functools import cache
from typing import Any

import redis
from django.conf import settings


@cache
def redis_client() -> "redis.Redis[Any]":
    """A client with short timeouts: everything that uses Redis works without it."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
