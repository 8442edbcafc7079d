"""What would open the door to strangers."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from chatproject.checks.found import LOCAL_HOSTS, Found

SAMPLE_KEYS = ("django-insecure", "insecure", "changeme", "change-me", "change_me", "your-secret", "your_secret")


@register(Tags.security)
def check_secret_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Whoever guesses the key signs in as anybody."""
    key = settings.SECRET_KEY
    hint = "Unset it, and one is made and kept in DATA_DIR; or set at least 50 random characters."
    if len(key) < 50:
        return [Error("SECRET_KEY is shorter than 50 characters.", hint=hint, id="chatproject.E001")]
    if len(set(key)) < 10 or key.lower().startswith(SAMPLE_KEYS):
        return [Error("SECRET_KEY is a well-known or repetitive text.", hint=hint, id="chatproject.E002")]
    return []


@register(Tags.security, deploy=True)
def check_kept_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Machines that serve the same people sign with the same keys."""
    if not (settings.DATABASE_IS_POSTGRES and settings.REDIS_URL):
        return []
    files = {"SECRET_KEY": settings.DATA_DIR / "secret_key", "VAPID_PRIVATE_KEY": settings.DATA_DIR / "vapid_key"}
    return [
        checks.Info(
            f"{name} is the one that was made in DATA_DIR.",
            hint=f"Where several machines serve, set {name} to the same on all, or let them share DATA_DIR.",
            id="chatproject.I001",
        )
        for name, path in files.items()
        if path.is_file() and path.read_text().strip() == getattr(settings, name)
    ]


@register(Tags.security)
def check_outside(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """What the outside may do."""
    return [*_debug(), *_origins(), *_proxies()]


def _debug() -> Iterator[CheckMessage]:
    if settings.DEBUG and settings.HOST not in LOCAL_HOSTS:
        yield Error(
            f"DEBUG is on while HOST={settings.HOST} is reachable from outside; it shows settings to strangers.",
            hint="Set DEBUG=off, or HOST=127.0.0.1.",
            id="chatproject.E003",
        )
    if "*" in settings.ALLOWED_HOSTS and not settings.DEBUG:
        yield checks.Warning(
            "ALLOWED_HOSTS=* accepts any Host header.",
            hint="List the names that people type, joined by commas.",
            id="chatproject.W001",
        )
    if not settings.ALLOWED_HOSTS and not settings.DEBUG:
        yield Error("ALLOWED_HOSTS is empty.", hint="List the names that people type.", id="chatproject.E004")


def _origins() -> Iterator[CheckMessage]:
    for name, origins in (
        ("CORS_ORIGINS", settings.CORS_ALLOWED_ORIGINS),
        ("CSRF_TRUSTED_ORIGINS", settings.CSRF_TRUSTED_ORIGINS),
    ):
        for origin in origins:
            parts = urlsplit(origin)
            if "*" in origin or parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
                yield Error(
                    f"{name} holds {origin!r}, which is no single origin.",
                    hint="Write scheme and host, like https://chat.example.org, joined by commas.",
                    id="chatproject.E005",
                )


def _proxies() -> Iterator[CheckMessage]:
    for address in settings.TRUSTED_PROXIES:
        try:
            network = ipaddress.ip_network(address, strict=False)
        except ValueError:
            yield Error(
                f"TRUSTED_PROXIES holds {address!r}, which is no address or network.",
                hint="Write addresses or networks, like 127.0.0.1 or 10.0.0.0/8, joined by commas.",
                id="chatproject.E006",
            )
        else:
            if network.prefixlen == 0:
                yield Error(
                    f"TRUSTED_PROXIES={address} trusts everybody, so anybody could claim any address.",
                    hint="Name the addresses of your proxies.",
                    id="chatproject.E007",
                )
