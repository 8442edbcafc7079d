"""`CHANNEL_LAYERS` and `CACHES`: shared through Redis if `REDIS_URL` is set, within one process otherwise."""

from typing import Any


def channel_layers(redis_url: str, prefix: str) -> dict[str, Any]:
    """The channel layer between processes. A single process needs none."""
    if not redis_url:
        return {}
    config = {"hosts": [redis_url], "prefix": prefix}
    return {"default": {"BACKEND": "common.redis_layer.RedisLayer", "CONFIG": config}}


def caches(redis_url: str, prefix: str) -> dict[str, Any]:
    """The cache in which address limits are counted."""
    if not redis_url:
        options = {"MAX_ENTRIES": 100_000}
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": options}}
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": redis_url,
            "KEY_PREFIX": prefix,
            "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
        }
    }
