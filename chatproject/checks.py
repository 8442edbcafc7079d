"""Settings that would hurt: each is found before the server starts and told in a sentence with a way out."""

import ipaddress
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.files.storage import default_storage
from django.db import connection
from redis import Redis

from chatproject.common import limits

Found = list[CheckMessage]
KINDS = {"image", "video", "audio", "document", "other"}
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
RATES = (
    "RATE_MESSAGES",
    "RATE_REQUESTS",
    "RATE_REQUESTS_USER",
    "RATE_FRAMES",
    "RATE_SEARCH",
    "RATE_UPLOADS",
    "RATE_FILES",
    "RATE_AUTH",
    "RATE_OTP",
)
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


@register
def check_rates(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Limits that can be read."""
    found: Found = []
    for name in RATES:
        try:
            limits.parse(getattr(settings, name))
        except ValueError as error:
            hint = "Write count/period with s, m, h or d, joined by semicolons, like 5/5s;30/m."
            found.append(Error(f"{name} is {error}.", hint=hint, id="chatproject.E008"))
    return found


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
def check_periods(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Numbers that must be positive."""
    values = {
        "ACCESS_TOKEN_MINUTES": settings.ACCESS_TOKEN_LIFETIME.total_seconds(),
        "REFRESH_TOKEN_DAYS": settings.REFRESH_TOKEN_LIFETIME.total_seconds(),
        "MAX_UPLOAD_MB": settings.MAX_UPLOAD_MB,
        "MAX_AVATAR_MB": settings.MAX_AVATAR_MB,
        **{f"UPLOAD_MB_BY_KIND: {kind}": megabytes for kind, megabytes in settings.UPLOAD_MB_BY_KIND.items()},
    }
    return [Error(f"{name} is not positive.", id="chatproject.E017") for name, value in values.items() if value <= 0]


@register
def check_uploads(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """What may be sent, and how large it may be."""
    found: Found = []
    if unknown := settings.UPLOAD_MB_BY_KIND.keys() - KINDS:
        hint = f"The kinds are {', '.join(sorted(KINDS))}; write image=20,video=200."
        found.append(Error(f"UPLOAD_MB_BY_KIND names {min(unknown)!r}.", hint=hint, id="chatproject.E020"))
    if wrong := [one for one in settings.UPLOAD_TYPES if one != "*" and one.count("/") != 1]:
        hint = "Write media types like image/*,application/pdf."
        found.append(Error(f"UPLOAD_TYPES holds {wrong[0]!r}.", hint=hint, id="chatproject.E021"))
    return found


@register
def check_data_dir(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Mails, uploads and, with SQLite, everything lies there."""
    if settings.DATA_DIR.is_dir() and os.access(settings.DATA_DIR, os.W_OK | os.X_OK):
        return []
    hint = "Set DATA_DIR to a folder that this user may write to."
    return [Error(f"DATA_DIR={settings.DATA_DIR} cannot be written to.", hint=hint, id="chatproject.E014")]


@register
def check_files(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Files can be stored, and reach whoever may have them."""
    return [*_accel_redirect(), *_bucket_credentials()]


def _accel_redirect() -> Iterator[CheckMessage]:
    path = settings.ACCEL_REDIRECT
    if path and not re.fullmatch(r"/[\w/.-]+/", path, re.ASCII):
        yield Error(
            f"ACCEL_REDIRECT={path} is no path.",
            hint="Write the internal location of nginx, with a slash at both ends, like /protected/.",
            id="chatproject.E022",
        )
    if path and settings.STORAGE_ORIGIN:
        yield Error(
            "ACCEL_REDIRECT is for files on disk, and STORAGE_URL names a bucket.",
            hint="Unset one of them: from a bucket, browsers fetch files themselves.",
            id="chatproject.E023",
        )


def _bucket_credentials() -> Iterator[CheckMessage]:
    if settings.STORAGE_ORIGIN and not default_storage.has_credentials():  # type: ignore[attr-defined]
        yield Error(
            "STORAGE_URL has no key and secret, and there are none in the environment.",
            hint="Write s3://KEY:SECRET@…, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give it a role.",
            id="chatproject.E024",
        )


@register
def check_push(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Pushes go where they should, and to nobody else."""
    return [*_push_to_loopback(), *_fcm_url()]


def _push_to_loopback() -> Iterator[CheckMessage]:
    reachable = {settings.HOST, *settings.ALLOWED_HOSTS} - LOCAL_HOSTS - {"[::1]"}
    if settings.PUSH_TO_LOOPBACK and reachable:
        yield Error(
            f"PUSH_TO_LOOPBACK is on while people come to {min(reachable)}; it could be made to call itself.",
            hint="Set PUSH_TO_LOOPBACK=off: it is for tests and development.",
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
            "FCM_URL is no https:// address.",
            hint="Unset it: it is for tests and development, which may name http://127.0.0.1:… too.",
            id="chatproject.E026",
        )


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
