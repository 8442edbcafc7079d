"""`encryption/prekeys/`: keys for one message each, left by devices for whoever begins to write to them."""

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.openapi import describe
from encryption import services, wire
from encryption.bundles import encoded
from encryption.models import Prekey


class PrekeysView(APIView):
    @describe("What is left of the keys that this device gave", answers={200: wire.PrekeyStock})
    def get(self, request: SignedInRequest) -> Response:
        return Response(services.prekeys_left(request.auth))

    @describe("Leave keys of this device, for one message each", body=wire.NewPrekeys, answers={200: wire.PrekeyStock})
    def post(self, request: SignedInRequest) -> Response:
        return Response(services.add_prekeys(request.auth, body_of(request, wire.NewPrekeys)))


class PrekeyClaimView(APIView):
    @describe("Get a key of each of these devices", body=wire.PrekeyClaim, answers={200: wire.ClaimedPrekeys})
    def post(self, request: SignedInRequest) -> Response:
        found = services.claim_prekeys(request.user, body_of(request, wire.PrekeyClaim).device_ids)
        return Response(wire.ClaimedPrekeys([_claimed(key) for key in found]))


def _claimed(prekey: Prekey) -> wire.ClaimedPrekey:
    key, signature = encoded(bytes(prekey.key)), encoded(bytes(prekey.signature))
    return wire.ClaimedPrekey(prekey.device_id, prekey.number, key, signature, prekey.is_fallback)
