"""Who is online, by leases. Each process holds a lease for each person with a socket in it, and renews it. If a process
is killed, its people are offline once their leases have run out.

With Redis the leases of all processes count; without Redis, or while it is down, only those of this process.
"""

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from common.ids import uuid7
from common.redis import redis_client

logger = structlog.get_logger(__name__)

LEASE_SECONDS = 40
PAUSE_SECONDS = 2.0


@cache
def process_id() -> str:
    """Identifies this process among all that hold leases."""
    return uuid7().hex


os.register_at_fork(after_in_child=process_id.cache_clear)


class Leases:
    """The leases of one process. In Redis: for each person a sorted set of processes, by when their leases run out."""

    def __init__(self, process: Callable[[], str] = process_id) -> None:
        self._process = process
        self._here: dict[UUID, float] = {}
        self._lock = threading.Lock()
        self._redis_paused_until = 0.0

    def renew(self, user_ids: Iterable[UUID]) -> None:
        """Hold these people's leases for `LEASE_SECONDS` from now. Call it every 15 seconds."""
        ids, until = list(user_ids), time.time() + LEASE_SECONDS
        with self._lock:
            self._here.update(dict.fromkeys(ids, until))

        def renew_in_redis(pipe: Any) -> None:
            for user_id in ids:
                pipe.zadd(_key(user_id), {self._process(): until})
                pipe.zremrangebyscore(_key(user_id), "-inf", time.time())
                pipe.expire(_key(user_id), LEASE_SECONDS)

        self._in_redis(ids, renew_in_redis)

    def release(self, user_id: UUID) -> None:
        """Give up this process's lease: the person has no socket here any more."""
        with self._lock:
            self._here.pop(user_id, None)
        self._in_redis([user_id], lambda pipe: pipe.zrem(_key(user_id), self._process()))

    def online(self, user_ids: Collection[UUID]) -> set[UUID]:
        """Which of these people are online."""
        ids, now = list(user_ids), time.time()
        with self._lock:
            here = {user_id for user_id in ids if self._here.get(user_id, 0.0) > now}

        def count_leases(pipe: Any) -> None:
            for user_id in ids:
                pipe.zcount(_key(user_id), now, "+inf")

        counts = self._in_redis(ids, count_leases)
        return here | {user_id for user_id, count in zip(ids, counts, strict=False) if count}

    def _in_redis(self, ids: list[UUID], add_commands: Any) -> list[Any]:
        """The results of one round trip; empty without Redis, while it is down, and for two seconds after."""
        if not ids or not settings.REDIS_URL or time.monotonic() < self._redis_paused_until:
            return []
        try:
            pipe = redis_client().pipeline(transaction=False)
            add_commands(pipe)
            return list(pipe.execute())
        except RedisError as error:
            self._redis_paused_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("presence_without_redis", reason=type(error).__name__)
            return []


def _key(user_id: UUID) -> str:
    return f"{settings.REDIS_PREFIX}:online:{user_id.hex}"


_leases = Leases()
renew, release, online = _leases.renew, _leases.release, _leases.online
