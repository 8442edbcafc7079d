"""`encryption/prekeys/`: keys for one message each, which devices upload for users who start writing to them."""

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of
from common.openapi import describe
from common.viewsets import ViewSet
from encryption import services, wire
from encryption.bundles import encode
from encryption.models import Prekey


class PrekeyViewSet(ViewSet):
    @describe("Count the prekeys that this device has left", answers={200: wire.PrekeyStock})
    def list(self, request: SignedInRequest) -> Response:
        return Response(services.prekeys_left(request.auth))

    @describe(
        "Upload prekeys of this device, for one message each", body=wire.NewPrekeys, answers={200: wire.PrekeyStock}
    )
    def create(self, request: SignedInRequest) -> Response:
        return Response(services.add_prekeys(request.auth, body_of(request, wire.NewPrekeys)))

    @describe("Claim one prekey of each of these devices", body=wire.PrekeyClaim, answers={200: wire.ClaimedPrekeys})
    @action(detail=False, methods=["post"])
    def claim(self, request: SignedInRequest) -> Response:
        found = services.claim_prekeys(request.user, body_of(request, wire.PrekeyClaim).device_ids)
        return Response(wire.ClaimedPrekeys([_claimed(key) for key in found]))


def _claimed(prekey: Prekey) -> wire.ClaimedPrekey:
    key, signature = encode(bytes(prekey.key)), encode(bytes(prekey.signature))
    return wire.ClaimedPrekey(prekey.device_id, prekey.number, key, signature, prekey.is_fallback)
