"""Who types where at this moment, for clients that ask over HTTP: in Redis where several processes serve, in memory
otherwise; never in the database."""

import threading
import time
from uuid import UUID

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from common.redis import redis_client

logger = structlog.get_logger(__name__)

TYPING_SECONDS = 6.0
"""Seconds after which typing ends unless it is repeated."""

_lock = threading.Lock()
_memory: dict[UUID, dict[UUID, tuple[str, float]]] = {}


def record_typing(conversation_id: UUID, user_id: UUID, username: str, is_typing: bool) -> None:
    """Record that somebody types here, or no longer."""
    until = time.time() + TYPING_SECONDS
    if settings.REDIS_URL:
        _record_in_redis(conversation_id, f"{user_id.hex} {username}", until if is_typing else 0.0)
        return
    with _lock:
        here = _memory.setdefault(conversation_id, {})
        here.pop(user_id, None)
        if is_typing:
            here[user_id] = (username, until)
        if not here:
            del _memory[conversation_id]


def typing_users(conversation_id: UUID) -> dict[UUID, str]:
    """The usernames of the people who type here, by id, in the order in which they will be forgotten."""
    now = time.time()
    if settings.REDIS_URL:
        return _in_redis(conversation_id, now)
    with _lock:
        here = _memory.get(conversation_id, {})
        for user_id in [user_id for user_id, (_, until) in here.items() if until <= now]:
            del here[user_id]
        return {user_id: username for user_id, (username, _) in here.items()}


def _record_in_redis(conversation_id: UUID, person: str, until: float) -> None:
    try:
        pipe = redis_client().pipeline(transaction=False)
        key = _key(conversation_id)
        if until:
            pipe.zadd(key, {person: until})
            pipe.expire(key, int(TYPING_SECONDS) + 1)
        else:
            pipe.zrem(key, person)
        pipe.execute()
    except RedisError as error:
        logger.warning("typing_without_redis", reason=type(error).__name__)


def _in_redis(conversation_id: UUID, now: float) -> dict[UUID, str]:
    try:
        people = redis_client().zrangebyscore(_key(conversation_id), now, "+inf")
    except RedisError as error:
        logger.warning("typing_without_redis", reason=type(error).__name__)
        return {}
    pairs = (person.decode().split(" ", 1) for person in people)
    return {UUID(user_id): username for user_id, username in pairs}


def _key(conversation_id: UUID) -> str:
    return f"{settings.REDIS_PREFIX}:typing:{conversation_id.hex}"
