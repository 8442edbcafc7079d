"""`encryption/`: the public keys of devices, and the log of what happened to them."""

from uuid import UUID

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of, int_of
from common.clock import rfc3339
from common.openapi import describe
from common.viewsets import ViewSet
from encryption import services, wire
from encryption.bundles import fingerprint
from encryption.models import KeyChange, KeyDevice
from encryption.services.directory import bundle_of

LINES = 100


class KeyDeviceViewSet(ViewSet):
    lookup_url_kwarg = "device_id"

    @describe("List your devices that have keys for end-to-end encryption", answers={200: wire.PublicKeys})
    def list(self, request: SignedInRequest) -> Response:
        return Response(_keys(request, request.user.id))

    @describe(
        "Publish the keys of this device, for as long as this session lasts",
        body=wire.NewKeyDevice,
        answers={201: wire.KeyDeviceState, 200: wire.KeyDeviceState},
    )
    def create(self, request: SignedInRequest) -> Response:
        device, is_new = services.register_key_device(request.auth, body_of(request, wire.NewKeyDevice))
        return Response(_state(device, request), 201 if is_new else 200)

    @describe("Withdraw a device's keys: it can read no new messages", answers={204: None})
    def destroy(self, request: SignedInRequest, device_id: UUID) -> Response:
        services.remove_key_device(request.user, device_id=device_id)
        return Response(status=204)


class PublicKeyViewSet(ViewSet):
    @describe("Replace the keys of one of your devices", body=wire.Rotation, answers={200: wire.KeyDeviceState})
    @action(detail=False, methods=["put"], url_path="public-key")
    def rotate(self, request: SignedInRequest) -> Response:
        return Response(_state(services.rotate_keys(request.user, body_of(request, wire.Rotation)), request))

    @describe("List a user's devices, with their public keys", answers={200: wire.PublicKeys})
    @action(detail=False, url_path="public-key/<uuid:user_id>")
    def public_keys(self, request: SignedInRequest, user_id: UUID) -> Response:
        return Response(_keys(request, user_id))

    @describe(
        "List the changes to a user's keys",
        answers={200: wire.KeyLog},
        query={"after": (int, "The last number that you have; 0 by default.")},
    )
    @action(detail=False, url_path="key-log/<uuid:user_id>")
    def key_log(self, request: SignedInRequest, user_id: UUID) -> Response:
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
