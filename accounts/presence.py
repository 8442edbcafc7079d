"""Who is online, by leases: each process holds one per person with a socket here and renews it; a killed process
renews nothing, and its people are offline when the lease has run out.

With Redis the leases of all processes count; without it, and while it is away, those of this process.
"""

import threading
import time
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from chatproject.common.ids import uuid7
from chatproject.common.redis import redis_client

log = structlog.get_logger(__name__)

LEASE_SECONDS = 40
REST_SECONDS = 2.0

process_id = uuid7().hex
"""This process among all that hold leases."""


class Leases:
    """The leases of one process. In Redis: per person a sorted set of processes, by when their leases run out."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._here: dict[UUID, float] = {}
        self._lock = threading.Lock()
        self._redis_rests_until = 0.0

    def renew(self, user_ids: Iterable[UUID]) -> None:
        """Hold these people's leases for `LEASE_SECONDS` from now. Call it every 15 seconds."""
        ids, until = list(user_ids), time.time() + LEASE_SECONDS
        with self._lock:
            self._here.update(dict.fromkeys(ids, until))

        def ask(pipe: Any) -> None:
            for user_id in ids:
                pipe.zadd(_key(user_id), {self._process: until})
                pipe.zremrangebyscore(_key(user_id), "-inf", time.time())
                pipe.expire(_key(user_id), LEASE_SECONDS)

        self._in_redis(ids, ask)

    def release(self, user_id: UUID) -> None:
        """This person has no socket in this process any more; in another they may."""
        with self._lock:
            self._here.pop(user_id, None)
        self._in_redis([user_id], lambda pipe: pipe.zrem(_key(user_id), self._process))

    def online(self, user_ids: Collection[UUID]) -> set[UUID]:
        """Those of these people who are online."""
        ids, now = list(user_ids), time.time()
        with self._lock:
            here = {user_id for user_id in ids if self._here.get(user_id, 0.0) > now}

        def ask(pipe: Any) -> None:
            for user_id in ids:
                pipe.zcount(_key(user_id), now, "+inf")

        counts = self._in_redis(ids, ask)
        return here | {user_id for user_id, count in zip(ids, counts, strict=False) if count}

    def _in_redis(self, ids: list[UUID], ask: Any) -> list[Any]:
        """The answers of one round trip; none without Redis, while it is away, and for two seconds after."""
        if not ids or not settings.REDIS_URL or time.monotonic() < self._redis_rests_until:
            return []
        try:
            pipe = redis_client().pipeline(transaction=False)
            ask(pipe)
            return list(pipe.execute())
        except RedisError as error:
            self._redis_rests_until = time.monotonic() + REST_SECONDS
            log.warning("presence_without_redis", reason=type(error).__name__)
            return []


def _key(user_id: UUID) -> str:
    return f"{settings.REDIS_PREFIX}:online:{user_id.hex}"


_leases = Leases(process_id)
renew, release, online = _leases.renew, _leases.release, _leases.online
