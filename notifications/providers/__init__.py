"""Push providers: FCM and Web Push behind one interface.

provider = provider_of(device.provider)
provider.send(device.token, Push(…))        # Outcome(Verdict.SENT)
"""

import json
from functools import cache
from threading import Lock

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.providers.base import Outcome, Provider, Push, Verdict
from notifications.providers.vapid import public_key_of

__all__ = ["Outcome", "Provider", "Push", "Verdict", "configured", "provider_of", "public_key"]

_creating = Lock()


def provider_of(name: str) -> Provider | None:
    """The provider with this name (from `Device.Provider`), or None if it is not configured."""
    if name == "fcm" and settings.FIREBASE_CREDENTIALS:
        return _shared("notifications.providers.fcm.Fcm", settings.FCM_URL, json.dumps(settings.FIREBASE_CREDENTIALS))
    if name == "webpush":
        options = (settings.VAPID_PRIVATE_KEY, settings.DEFAULT_FROM_EMAIL, settings.PUSH_TO_LOOPBACK)
        return _shared("notifications.providers.webpush.WebPush", *options)
    return None


def public_key() -> str:
    """The key that browsers subscribe with (`applicationServerKey`): base64url of the uncompressed point."""
    return public_key_of(settings.VAPID_PRIVATE_KEY)


def _shared(path: str, *options: object) -> Provider:
    """The provider that all threads share, with its connections and its sign-in."""
    with _creating:
        return _provider(path, *options)


@cache
def _provider(path: str, *options: object) -> Provider:
    """Imported only in processes that send: the libraries take half a second and memory."""
    provider: Provider = import_string(path)(*options)
    return provider


def configured_names() -> list[str]:
    """The names of the configured providers, without importing them."""
    return [*(["fcm"] if settings.FIREBASE_CREDENTIALS else []), "webpush"]
