"""Who types where at this moment, for those who ask instead of listening: in Redis where several processes serve, in
memory otherwise; never in the database."""

import threading
import time
from uuid import UUID

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from chatproject.common.redis import redis_client

log = structlog.get_logger(__name__)

LIVES = 6.0
"""Seconds that typing lives without another word."""

_lock = threading.Lock()
_memory: dict[UUID, dict[UUID, tuple[str, float]]] = {}


def note_typing(conversation_id: UUID, user_id: UUID, username: str, is_typing: bool) -> None:
    """Remember that somebody types here, or no longer."""
    until = time.time() + LIVES
    if settings.REDIS_URL:
        _note_in_redis(conversation_id, f"{user_id.hex} {username}", until if is_typing else 0.0)
        return
    with _lock:
        here = _memory.setdefault(conversation_id, {})
        here.pop(user_id, None)
        if is_typing:
            here[user_id] = (username, until)
        if not here:
            del _memory[conversation_id]


def typing_now(conversation_id: UUID) -> dict[UUID, str]:
    """The usernames of those who type here, by id, in the order in which they will be forgotten."""
    now = time.time()
    if settings.REDIS_URL:
        return _in_redis(conversation_id, now)
    with _lock:
        here = _memory.get(conversation_id, {})
        for user_id in [user_id for user_id, (_, until) in here.items() if until <= now]:
            del here[user_id]
        return {user_id: username for user_id, (username, _) in here.items()}


def _note_in_redis(conversation_id: UUID, person: str, until: float) -> None:
    try:
        pipe = redis_client().pipeline(transaction=False)
        key = _key(conversation_id)
        if until:
            pipe.zadd(key, {person: until})
            pipe.expire(key, int(LIVES) + 1)
        else:
            pipe.zrem(key, person)
        pipe.execute()
    except RedisError as error:
        log.warning("typing_without_redis", reason=type(error).__name__)


def _in_redis(conversation_id: UUID, now: float) -> dict[UUID, str]:
    try:
        people = redis_client().zrangebyscore(_key(conversation_id), now, "+inf")
    except RedisError as error:
        log.warning("typing_without_redis", reason=type(error).__name__)
        return {}
    pairs = (person.decode().split(" ", 1) for person in people)
    return {UUID(user_id): username for user_id, username in pairs}


def _key(conversation_id: UUID) -> str:
    return f"{settings.REDIS_PREFIX}:typing:{conversation_id.hex}"
