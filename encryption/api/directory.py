"""`encryption/`: the public keys of devices, and the log of what happened to them."""

from uuid import UUID

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of, int_of
from chatproject.common.clock import rfc3339
from chatproject.common.openapi import describe
from encryption import services, wire
from encryption.bundles import fingerprint
from encryption.models import KeyChange, KeyDevice
from encryption.services.directory import bundle_of

LINES = 100


class KeyDevicesView(APIView):
    @describe("My devices that read end to end", answers={200: wire.PublicKeys})
    def get(self, request: SignedInRequest) -> Response:
        return Response(_keys(request, request.user.id))

    @describe(
        "Show the keys of this device, as long as this sign-in lasts",
        body=wire.NewKeyDevice,
        answers={201: wire.KeyDeviceState, 200: wire.KeyDeviceState},
    )
    def post(self, request: SignedInRequest) -> Response:
        device, is_new = services.register(request.auth, body_of(request, wire.NewKeyDevice))
        return Response(_state(device, request), 201 if is_new else 200)


class KeyDeviceView(APIView):
    @describe("This device reads nothing more", answers={204: None})
    def delete(self, request: SignedInRequest, device_id: UUID) -> Response:
        services.remove(request.user, device_id=device_id)
        return Response(status=204)


class OwnPublicKeyView(APIView):
    @describe("Give one of my devices new keys", body=wire.Rotation, answers={200: wire.KeyDeviceState})
    def put(self, request: SignedInRequest) -> Response:
        return Response(_state(services.rotate(request.user, body_of(request, wire.Rotation)), request))


class PublicKeyView(APIView):
    @describe("All devices of somebody, with their keys", answers={200: wire.PublicKeys})
    def get(self, request: SignedInRequest, user_id: UUID) -> Response:
        return Response(_keys(request, user_id))


class KeyLogView(APIView):
    @describe(
        "What happened to somebody's keys",
        answers={200: wire.KeyLog},
        query={"after": (int, "The last number one has; 0 by default.")},
    )
    def get(self, request: SignedInRequest, user_id: UUID) -> Response:
        _, last = services.keys_of(request.user, user_id)
        after = int_of(request, "after", 0) or 0
        lines = KeyChange.objects.filter(user=user_id, number__gt=after).order_by("number")[:LINES]
        return Response(wire.KeyLog([_entry(line) for line in lines], _head(last)))


def _keys(request: SignedInRequest, user_id: UUID) -> wire.PublicKeys:
    devices, last = services.keys_of(request.user, user_id)
    return wire.PublicKeys(user_id, [_state(device, request) for device in devices], _head(last))


def _state(device: KeyDevice, request: SignedInRequest) -> wire.KeyDeviceState:
    return wire.KeyDeviceState(
        id=device.id,
        name=device.name if device.user_id == request.user.id else "",
        bundle=bundle_of(device),
        fingerprint=fingerprint(device.suite, device.user_id, bytes(device.signing_key)),
        created_at=rfc3339(device.created_at),
        is_current=device.session_id == request.auth.id,
    )


def _head(last: KeyChange | None) -> wire.KeyLogHead:
    return wire.KeyLogHead(last.number, last.hash) if last else wire.KeyLogHead(0, "")


def _entry(line: KeyChange) -> wire.KeyLogEntry:
    bundle = wire.Bundle(**line.bundle)
    return wire.KeyLogEntry(
        line.number, line.kind, line.device_id, bundle, line.proof or None, rfc3339(line.at), line.hash
    )
