"""Keys for what this installation signs, each derived from the secret key for one use alone."""

import hmac
from functools import cache

from django.conf import settings


def derived_key(label: str) -> bytes:
    """The key for one use: 32 bytes."""
    return _derived(settings.SECRET_KEY, label)


def keyed_hash(label: str, *parts: str) -> str:
    """A hash of `parts` that nobody makes without the secret key: 64 hex digits."""
    return hmac.digest(derived_key(label), "\x00".join(parts).encode(), "sha256").hex()


@cache
def _derived(secret: str, label: str) -> bytes:
    return hmac.digest(secret.encode(), f"chatproject.{label}".encode(), "sha256")
