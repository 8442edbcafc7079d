"""Checks of processes, limits, Redis and PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import connection
from redis import Redis

from chatproject.checks.base import Messages
from common import limits

RANGES = {
    "PORT": (1, 65535, "chatproject.E009"),
    "WORKERS": (1, 64, "chatproject.E010"),
    "DATABASE_THREADS": (1, 64, "chatproject.E011"),
    "STOP_DELAY_SECONDS": (0, 300, "chatproject.E043"),
}


@register
def check_processes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """The numbers are in range, and several processes have Redis and PostgreSQL."""
    messages: Messages = []
    for name, (low, high, check_id) in RANGES.items():
        value = getattr(settings, name)
        if not low <= value <= high:
            messages.append(Error(f"{name}={value} is not from {low} to {high}.", id=check_id))
    if settings.WORKERS > 1 and not settings.REDIS_URL:
        messages.append(
            Error(
                f"WORKERS={settings.WORKERS} needs REDIS_URL: without Redis the processes cannot exchange messages.",
                hint="Set REDIS_URL=redis://…, or WORKERS=1.",
                id="chatproject.E012",
            )
        )
    if settings.WORKERS > 1 and not settings.DATABASE_IS_POSTGRES:
        messages.append(
            Error(
                f"WORKERS={settings.WORKERS} needs PostgreSQL: SQLite supports only one process.",
                hint="Set DATABASE_URL=postgres://…, or WORKERS=1.",
                id="chatproject.E013",
            )
        )
    return messages


@register
def check_redis_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """`REDIS_URL` is valid. Whether Redis answers is shown at `/health/ready/`."""
    try:
        if settings.REDIS_URL:
            Redis.from_url(settings.REDIS_URL)
    except ValueError:
        hint = "Write redis://host:6379/0 (or rediss://, unix://)."
        return [Error("REDIS_URL is not the URL of a Redis server.", hint=hint, id="chatproject.E016")]
    return []


@register
def check_rates(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """The rate limits can be parsed."""
    messages: Messages = []
    for name in sorted(name for name in dir(settings) if name.startswith("RATE_")):
        try:
            limits.parse(getattr(settings, name))
        except ValueError as error:
            hint = "Write count/period with s, m, h or d, joined by semicolons, like 5/5s;30/m."
            messages.append(Error(f"{name} is {error}.", hint=hint, id="chatproject.E008"))
    return messages


@register
def check_periods(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """Lifetimes and sizes are positive."""
    values = {
        "ACCESS_TOKEN_MINUTES": settings.ACCESS_TOKEN_LIFETIME // timedelta(seconds=1),
        "REFRESH_TOKEN_DAYS": settings.REFRESH_TOKEN_LIFETIME.total_seconds(),
        "MAX_UPLOAD_MB": settings.MAX_UPLOAD_MB,
        "MAX_AVATAR_MB": settings.MAX_AVATAR_MB,
        **{f"UPLOAD_MB_BY_KIND: {kind}": megabytes for kind, megabytes in settings.UPLOAD_MB_BY_KIND.items()},
    }
    messages: Messages = [
        Error(f"{name} is not positive.", id="chatproject.E017") for name, value in values.items() if value <= 0
    ]
    if settings.SMALL_CHANNEL_MEMBERS < 0:
        hint = "Set it to 0 to treat every channel as large."
        messages.append(Error("SMALL_CHANNEL_MEMBERS is negative.", hint=hint, id="chatproject.E017"))
    return messages


@register(Tags.database)
def check_durability(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> Messages:
    """PostgreSQL commits durably, because an acknowledged message must be stored."""
    if not databases or connection.vendor != "postgresql":
        return []
    messages: Messages = []
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW {name}")
            value = cursor.fetchone()[0]
        if value == "off":
            messages.append(
                Error(
                    f"PostgreSQL runs with {name}=off: acknowledged messages could be lost in a crash.",
                    hint=f"Set {name}=on in postgresql.conf (or for this role or database).",
                    id="chatproject.E015",
                )
            )
    return messages
