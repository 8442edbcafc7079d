"""Keys derived from the secret key, each for a single purpose."""

import hmac
from functools import cache

from django.conf import settings


def derived_key(label: str) -> bytes:
    """The key for one purpose: 32 bytes."""
    return derive_key(settings.SECRET_KEY, label)


def keyed_hash(label: str, *parts: str) -> str:
    """A hash of `parts` that cannot be computed without the secret key: 64 hex digits."""
    return hmac.digest(derived_key(label), "\x00".join(parts).encode(), "sha256").hex()


@cache
def derive_key(secret: str, label: str) -> bytes:
    """The key for one use that belongs to this secret: 32 bytes. For settings, which are not there yet."""
    return hmac.digest(secret.encode(), f"chatproject.{label}".encode(), "sha256")
