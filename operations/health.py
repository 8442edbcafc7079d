"""Is it alive, and can it work?"""

import time

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from chatproject.common.errors import Refusal
from chatproject.common.publish import listeners
from chatproject.common.redis import redis_client
from chatproject.home import read_only
from chatproject.stopping import stopping

log = structlog.get_logger(__name__)
STARTED = time.monotonic()


@read_only
def alive(request: HttpRequest) -> HttpResponse:
    """`/health/`: this process answers."""
    return _answer({"status": "ok", "version": settings.VERSION, "uptime": round(time.monotonic() - STARTED, 1)})


@read_only
def ready(request: HttpRequest) -> HttpResponse:
    """`/health/ready/`: 503 without the database; without Redis sending still works, so that is only `degraded`.
    503, too, from the moment on that this process is told to stop."""
    if stopping.is_set():
        raise Refusal("unavailable", "This server stops.", retry_after=2)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.warning("not_ready", reason=type(error).__name__)
        raise Refusal("unavailable", "The database does not answer.", retry_after=2) from None
    parts = {"database": "ok", "redis": redis_state(), "feed": "ok" if listeners else "stopped"}
    degraded = any(state in ("unavailable", "stopped") for state in parts.values())
    return _answer({"status": "degraded" if degraded else "ok", **parts})


def redis_state() -> str:
    """`ok`, `unused` or `unavailable`."""
    if not settings.REDIS_URL:
        return "unused"
    try:
        redis_client().ping()
    except RedisError:
        return "unavailable"
    return "ok"


def _answer(document: dict[str, object]) -> HttpResponse:
    return JsonResponse(document, headers={"Cache-Control": "no-store"})
