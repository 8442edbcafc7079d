"""`users/me/devices/`: where notifications are pushed to."""

from uuid import UUID

import msgspec
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.authentication import SignedInRequest
from accounts.device_wire import DeviceState, NewDevice, device_state
from accounts.models import Device
from chatproject.common.api import body_of
from chatproject.common.errors import invalid
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page


class DevicesView(APIView):
    @describe("My devices, the newest first.", answers={200: Page[DeviceState]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        current = request.auth.id

        def show(found: list[Device]) -> list[DeviceState]:
            return [device_state(one, current=current) for one in found]

        rows = Device.objects.filter(user=request.user)
        return Response(page(request, rows, order=["-created_at", "-id"], show=show))

    @describe(
        "Push to this device as long as this sign-in lasts.",
        body=NewDevice,
        answers={201: DeviceState, 200: DeviceState},
    )
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, NewDevice)
        device, is_new = services.register_device(
            request.auth, provider=body.provider, token=_token(body), name=body.name
        )
        return Response(device_state(device, current=request.auth.id), 201 if is_new else 200)


class DeviceView(APIView):
    @describe("Push there no more.", answers={204: None})
    def delete(self, request: SignedInRequest, device_id: UUID) -> Response:
        services.forget_device(request.user, device_id)
        return Response(status=204)


def _token(body: NewDevice) -> str:
    if body.provider == "fcm":
        if not body.token:
            raise invalid("token", "FCM needs the registration token.", "required")
        return body.token
    if not body.subscription:
        raise invalid("subscription", "Web Push needs the subscription.", "required")
    subscription = body.subscription
    return msgspec.json.encode({"endpoint": subscription.endpoint, "keys": subscription.keys}).decode()
