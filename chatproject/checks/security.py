"""Checks of keys, hosts, origins and proxies."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from chatproject.checks.base import LOCAL_HOSTS, Messages

SAMPLE_KEYS = ("django-insecure", "insecure", "changeme", "change-me", "change_me", "your-secret", "your_secret")


@register(Tags.security)
def check_secret_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """The key cannot be guessed: anyone who knows it can sign in as anyone."""
    key = settings.SECRET_KEY
    hint = "Unset it, so that one is generated in DATA_DIR, or set at least 50 random characters."
    if len(key) < 50:
        return [Error("SECRET_KEY is shorter than 50 characters.", hint=hint, id="chatproject.E001")]
    if len(set(key)) < 10 or key.lower().startswith(SAMPLE_KEYS):
        return [Error("SECRET_KEY is a well-known or repetitive string.", hint=hint, id="chatproject.E002")]
    return []


@register(Tags.security, deploy=True)
def check_generated_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """If several machines serve together, they need the same keys."""
    if not (settings.DATABASE_IS_POSTGRES and settings.REDIS_URL):
        return []
    files = {"SECRET_KEY": settings.DATA_DIR / "secret_key", "VAPID_PRIVATE_KEY": settings.DATA_DIR / "vapid_key"}
    return [
        checks.Info(
            f"{name} is the one that was generated in DATA_DIR.",
            hint=f"If several machines serve, set the same {name} on all of them, or let them share DATA_DIR.",
            id="chatproject.I001",
        )
        for name, path in files.items()
        if path.is_file() and path.read_text().strip() == getattr(settings, name)
    ]


@register(Tags.security)
def check_access(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """Debug mode, hosts, origins and proxies are safe."""
    return [*_debug(), *_origins(), *_proxies()]


def _debug() -> Iterator[CheckMessage]:
    if settings.DEBUG and settings.HOST not in LOCAL_HOSTS:
        yield Error(
            f"DEBUG is on and HOST={settings.HOST} is reachable from outside, so strangers could see settings.",
            hint="Set DEBUG=off, or HOST=127.0.0.1.",
            id="chatproject.E003",
        )
    if "*" in settings.ALLOWED_HOSTS and not settings.DEBUG:
        yield checks.Warning(
            "ALLOWED_HOSTS=* accepts any Host header.",
            hint="List the host names of this server, separated by commas.",
            id="chatproject.W001",
        )
    if not settings.ALLOWED_HOSTS and not settings.DEBUG:
        hint = "List the host names of this server, separated by commas."
        yield Error("ALLOWED_HOSTS is empty.", hint=hint, id="chatproject.E004")


def _origins() -> Iterator[CheckMessage]:
    for name, origins in (
        ("CORS_ORIGINS", settings.CORS_ALLOWED_ORIGINS),
        ("CSRF_TRUSTED_ORIGINS", settings.CSRF_TRUSTED_ORIGINS),
    ):
        for origin in origins:
            parts = urlsplit(origin)
            if "*" in origin or parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
                yield Error(
                    f"{name} contains {origin!r}, which is not a single origin.",
                    hint="Write scheme and host, like https://chat.example.org, separated by commas.",
                    id="chatproject.E005",
                )


def _proxies() -> Iterator[CheckMessage]:
    for address in settings.TRUSTED_PROXIES:
        try:
            network = ipaddress.ip_network(address, strict=False)
        except ValueError:
            yield Error(
                f"TRUSTED_PROXIES contains {address!r}, which is not an address or network.",
                hint="Write addresses or networks, like 127.0.0.1 or 10.0.0.0/8, separated by commas.",
                id="chatproject.E006",
            )
        else:
            if network.prefixlen == 0:
                yield Error(
                    f"TRUSTED_PROXIES={address} trusts everyone, so anyone could claim any address.",
                    hint="List the addresses of your proxies.",
                    id="chatproject.E007",
                )
