"""Checks of pushes and backups."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from chatproject.checks.base import LOCAL_HOSTS, Messages


@register
def check_push(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """Pushes are sent to the right servers only."""
    return [*_push_to_loopback(), *_fcm_url()]


def _push_to_loopback() -> Iterator[CheckMessage]:
    reachable = {settings.HOST, *settings.ALLOWED_HOSTS} - LOCAL_HOSTS - {"[::1]"}
    if settings.PUSH_TO_LOOPBACK and reachable:
        yield Error(
            f"PUSH_TO_LOOPBACK is on and the server is reachable at {min(reachable)}: it could be made to call itself.",
            hint="Set PUSH_TO_LOOPBACK=off. It is for tests and development only.",
            id="chatproject.E025",
        )


def _fcm_url() -> Iterator[CheckMessage]:
    try:
        parts = urlsplit(settings.FCM_URL)
    except ValueError:
        parts = urlsplit("")
    is_local = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
    if not is_local and (parts.scheme != "https" or not parts.hostname):
        yield Error(
            "FCM_URL is not an https:// URL.",
            hint="Unset it. It is for tests and development, where http://127.0.0.1:… is allowed too.",
            id="chatproject.E026",
        )


@register
def check_backups(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """Backups have a key, and it is strong."""
    messages: Messages = []
    key = settings.BACKUP_KEY
    if key and (len(key) < 20 or len(set(key)) < 8):
        hint = 'Generate one: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
        messages.append(Error("BACKUP_KEY is too short or too simple.", hint=hint, id="chatproject.E027"))
    wanted = [name for name in ("BACKUP_URL", "BACKUP_EVERY_HOURS") if getattr(settings, name)]
    if wanted and not key:
        hint = "Set BACKUP_KEY, and store a copy of it away from this machine."
        messages.append(Error(f"{wanted[0]} needs BACKUP_KEY.", hint=hint, id="chatproject.E028"))
    for name in ("BACKUP_EVERY_HOURS", "BACKUP_KEEP", "BACKUP_KEEP_DAYS", "BACKUP_DRILL_EVERY_DAYS"):
        if getattr(settings, name) < 0:
            messages.append(Error(f"{name} is negative.", id="chatproject.E029"))
    return messages
