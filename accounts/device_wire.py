"""Devices that get pushes, as they go over the wire."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from accounts.models import Device
from accounts.wire import DeviceName
from common.clock import rfc3339
from common.wire import Body, Moment


class SubscriptionKeys(Body):
    """The browser's keys, base64url without padding: its public key (65 bytes) and its secret (16 bytes)."""

    p256dh: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{87}=?$")]
    auth: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}(==)?$")]


class Subscription(Body, rename={"expiration_time": "expirationTime"}):
    """A push subscription, as returned by the browser's `PushSubscription.toJSON()`."""

    endpoint: Annotated[str, Meta(pattern="^https://[^\\s/@]+/", max_length=2000)]
    keys: SubscriptionKeys
    expiration_time: Annotated[float | None, Meta(description="Ignored: the push service reports expiry.")] = None


class NewDevice(Body):
    """A device to push to: `fcm` needs a registration `token`, `webpush` needs a `subscription`."""

    provider: Literal["fcm", "webpush"]
    token: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    subscription: Subscription | None = None
    name: DeviceName = ""


class DeviceState(msgspec.Struct):
    """A device that gets pushes. Its token is never shown."""

    id: UUID
    provider: str
    name: str
    created_at: Moment
    is_current: bool


def device_state(device: Device, *, current: UUID) -> DeviceState:
    """A device, as seen from the session with the ID `current`."""
    return DeviceState(
        id=device.id,
        provider=device.provider,
        name=device.name,
        created_at=rfc3339(device.created_at),
        is_current=device.session_id == current,
    )
