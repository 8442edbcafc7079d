"""Health checks: is this process alive, and is it ready to serve?"""

import time

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from common.errors import Refusal
from common.publish import listeners
from common.redis import redis_client
from common.stopping import stopping
from common.views import read_only

logger = structlog.get_logger(__name__)
STARTED = time.monotonic()


@read_only
def alive(request: HttpRequest) -> HttpResponse:
    """`/health/`: this process responds."""
    return _response({"status": "ok", "version": settings.VERSION, "uptime": round(time.monotonic() - STARTED, 1)})


@read_only
def ready(request: HttpRequest) -> HttpResponse:
    """`/health/ready/`: 503 without the database, and once this process is stopping. Without Redis it is `degraded`,
    because messages can still be sent."""
    if stopping.is_set():
        raise Refusal("unavailable", "This server is stopping.", retry_after=2)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("not_ready", reason=type(error).__name__)
        raise Refusal("unavailable", "The database does not answer.", retry_after=2) from None
    parts = {"database": "ok", "redis": redis_state(), "feed": "ok" if listeners else "stopped"}
    degraded = any(state in ("unavailable", "stopped") for state in parts.values())
    return _response({"status": "degraded" if degraded else "ok", **parts})


def redis_state() -> str:
    """`ok`, `unused` or `unavailable`."""
    if not settings.REDIS_URL:
        return "unused"
    try:
        redis_client().ping()
    except RedisError:
        return "unavailable"
    return "ok"


def _response(document: dict[str, object]) -> HttpResponse:
    return JsonResponse(document, headers={"Cache-Control": "no-store"})
