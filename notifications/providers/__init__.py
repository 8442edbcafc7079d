"""The ways to devices: FCM and Web Push, in one shape.

provider = provider_of(device.provider)
provider.send(device.token, Push(…))        # Outcome(Verdict.SENT)
"""

import json
from functools import cache
from threading import Lock

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.providers.shape import Outcome, Provider, Push, Verdict
from notifications.providers.vapid import public_key_of

__all__ = ["Outcome", "Provider", "Push", "Verdict", "configured", "provider_of", "public_key"]

_making = Lock()


def provider_of(name: str) -> Provider | None:
    """The provider with this name (of `Device.Provider`), or None where it is not configured."""
    if name == "fcm" and settings.FIREBASE_CREDENTIALS:
        return _made("notifications.providers.fcm.Fcm", settings.FCM_URL, json.dumps(settings.FIREBASE_CREDENTIALS))
    if name == "webpush":
        how = (settings.VAPID_PRIVATE_KEY, settings.DEFAULT_FROM_EMAIL, settings.PUSH_TO_LOOPBACK)
        return _made("notifications.providers.webpush.WebPush", *how)
    return None


def public_key() -> str:
    """The key that browsers subscribe with (`applicationServerKey`): base64url of the point, uncompressed."""
    return public_key_of(settings.VAPID_PRIVATE_KEY)


def _made(path: str, *how: object) -> Provider:
    """The same one for all threads, which then share its connections and its sign-in."""
    with _making:
        return _provider(path, *how)


@cache
def _provider(path: str, *how: object) -> Provider:
    """Imported with its library only where something is sent: they cost half a second, and memory for each process."""
    provider: Provider = import_string(path)(*how)
    return provider


def configured() -> list[str]:
    """The names of the providers that can be sent by, without importing them."""
    return [*(["fcm"] if settings.FIREBASE_CREDENTIALS else []), "webpush"]
