"""Processes that could not work, or not together: numbers, limits, Redis, PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import connection
from redis import Redis

from chatproject.checks.found import Found
from chatproject.common import limits


@register
def check_processes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Several processes need somewhere to meet."""
    found: Found = []
    if not 1 <= settings.PORT <= 65535:
        found.append(Error(f"PORT={settings.PORT} is not from 1 to 65535.", id="chatproject.E009"))
    if not 1 <= settings.WORKERS <= 64:
        found.append(Error(f"WORKERS={settings.WORKERS} is not from 1 to 64.", id="chatproject.E010"))
    if not 1 <= settings.DATABASE_THREADS <= 64:
        found.append(Error(f"DATABASE_THREADS={settings.DATABASE_THREADS} is not from 1 to 64.", id="chatproject.E011"))
    if not 0 <= settings.STOP_DELAY_SECONDS <= 300:
        value = f"{settings.STOP_DELAY_SECONDS:g}"
        found.append(Error(f"STOP_DELAY_SECONDS={value} is not from 0 to 300.", id="chatproject.E043"))
    if settings.WORKERS > 1 and not settings.REDIS_URL:
        found.append(
            Error(
                f"WORKERS={settings.WORKERS} needs REDIS_URL: without it the processes cannot hear one another.",
                hint="Set REDIS_URL=redis://…, or WORKERS=1.",
                id="chatproject.E012",
            )
        )
    if settings.WORKERS > 1 and not settings.DATABASE_IS_POSTGRES:
        found.append(
            Error(
                f"WORKERS={settings.WORKERS} needs PostgreSQL: SQLite serves one process.",
                hint="Set DATABASE_URL=postgres://…, or WORKERS=1.",
                id="chatproject.E013",
            )
        )
    return found


@register
def check_redis_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """An address that the client can read; whether it answers shows at `/health/ready/`."""
    try:
        if settings.REDIS_URL:
            Redis.from_url(settings.REDIS_URL)
    except ValueError:
        hint = "Write redis://host:6379/0 (or rediss://, unix://)."
        return [Error("REDIS_URL is no address of a Redis.", hint=hint, id="chatproject.E016")]
    return []


@register
def check_rates(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Limits that can be read."""
    found: Found = []
    for name in sorted(name for name in dir(settings) if name.startswith("RATE_")):
        try:
            limits.parse(getattr(settings, name))
        except ValueError as error:
            hint = "Write count/period with s, m, h or d, joined by semicolons, like 5/5s;30/m."
            found.append(Error(f"{name} is {error}.", hint=hint, id="chatproject.E008"))
    return found


@register
def check_periods(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Numbers that must be positive."""
    values = {
        "ACCESS_TOKEN_MINUTES": settings.ACCESS_TOKEN_LIFETIME // timedelta(seconds=1),
        "REFRESH_TOKEN_DAYS": settings.REFRESH_TOKEN_LIFETIME.total_seconds(),
        "MAX_UPLOAD_MB": settings.MAX_UPLOAD_MB,
        "MAX_AVATAR_MB": settings.MAX_AVATAR_MB,
        **{f"UPLOAD_MB_BY_KIND: {kind}": megabytes for kind, megabytes in settings.UPLOAD_MB_BY_KIND.items()},
    }
    found: Found = [
        Error(f"{name} is not positive.", id="chatproject.E017") for name, value in values.items() if value <= 0
    ]
    if settings.SMALL_CHANNEL_MEMBERS < 0:
        hint = "With 0 every channel is a large one."
        found.append(Error("SMALL_CHANNEL_MEMBERS is negative.", hint=hint, id="chatproject.E017"))
    return found


@register(Tags.database)
def check_durability(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> Found:
    """An acknowledged message is stored: PostgreSQL must not be told to pretend."""
    if not databases or connection.vendor != "postgresql":
        return []
    found: Found = []
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW {name}")
            value = cursor.fetchone()[0]
        if value == "off":
            found.append(
                Error(
                    f"PostgreSQL runs with {name}=off: acknowledged messages could be lost in a crash.",
                    hint=f"Set {name}=on in postgresql.conf (or for this role or database).",
                    id="chatproject.E015",
                )
            )
    return found
