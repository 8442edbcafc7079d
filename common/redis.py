"""The one synchronous Redis client of a process: limits, leases and rings from threads."""

from functools import cache
from typing import Any

import redis
from django.conf import settings


@cache
def redis_client() -> "redis.Redis[Any]":
    """A client with short time-outs: Redis is a doorbell, nobody waits long for it."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
