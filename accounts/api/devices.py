"""`users/me/devices/`: the devices that get push notifications."""

from functools import partial
from uuid import UUID

import msgspec
from rest_framework.response import Response

from accounts import services
from accounts.authentication import SignedInRequest
from accounts.device_wire import DeviceState, NewDevice, device_state
from accounts.models import Device
from common.api import body_of
from common.errors import invalid
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet


class DeviceViewSet(ViewSet):
    lookup_url_kwarg = "device_id"

    @describe("List your devices, newest first", answers={200: Page[DeviceState]}, query=PAGING)
    def list(self, request: SignedInRequest) -> Response:
        rows = Device.objects.filter(user=request.user)
        show = partial(_device_states, current=request.auth.id)
        return Response(page(request, rows, order=["-created_at", "-id"], show=show))

    @describe(
        "Register this device for push notifications, for as long as this session lasts",
        body=NewDevice,
        answers={201: DeviceState, 200: DeviceState},
    )
    def create(self, request: SignedInRequest) -> Response:
        body = body_of(request, NewDevice)
        device, is_new = services.register_device(
            request.auth, provider=body.provider, token=_token(body), name=body.name
        )
        return Response(device_state(device, current=request.auth.id), 201 if is_new else 200)

    @describe("Stop pushing to a device", answers={204: None})
    def destroy(self, request: SignedInRequest, device_id: UUID) -> Response:
        services.forget_device(request.user, device_id)
        return Response(status=204)


def _device_states(devices: list[Device], *, current: UUID) -> list[DeviceState]:
    return [device_state(device, current=current) for device in devices]


def _token(body: NewDevice) -> str:
    if body.provider == "fcm":
        if not body.token:
            raise invalid("token", "Send the device's FCM registration token.", "required")
        return body.token
    if not body.subscription:
        raise invalid("subscription", "Send the browser's Web Push subscription.", "required")
    subscription = body.subscription
    return msgspec.json.encode({"endpoint": subscription.endpoint, "keys": subscription.keys}).decode()
