"""`encryption/managed/`: keys that the server keeps for thin clients. Never called end-to-end, because it is not: the
server sees every text that it encrypts or decrypts."""

import hashlib
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from django.conf import settings
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.errors import not_found
from chatproject.common.ids import parse_id
from chatproject.common.openapi import describe
from encryption import services, wire
from encryption.models import ManagedKey


class ManagedView(APIView):
    """There is nothing here where `MANAGED_KEYS` is off."""

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not settings.MANAGED_KEYS:
            raise not_found()


class ManagedKeysView(ManagedView):
    @describe("A key pair made and kept by the server", body=wire.NewManagedKey, answers={201: wire.ManagedKeyState})
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.NewManagedKey)
        return Response(_state(services.make_managed_key(request.user, passphrase=body.passphrase)), 201)


class ManagedPublicKeyView(ManagedView):
    @describe(
        "The newest managed key of mine, or of somebody",
        answers={200: wire.ManagedKeyState},
        query={"user_id": (UUID, "Whose; without it, mine.")},
    )
    def get(self, request: SignedInRequest) -> Response:
        named = request.query_params.get("user_id")
        user_id = parse_id(named) if named else request.user.id
        return Response(_state(services.managed_key_of(request.user, user_id)))


class ManagedEncryptView(ManagedView):
    @describe("Encrypt a text for somebody's managed key", body=wire.ManagedText, answers={200: wire.ManagedEnvelope})
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.ManagedText)
        return Response(services.encrypt_for(request.user, recipient_id=body.recipient_id, plaintext=body.plaintext))


class ManagedDecryptView(ManagedView):
    @describe("Decrypt what is for my managed key", body=wire.ManagedOpening, answers={200: wire.OpenedText})
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.ManagedOpening)
        text = services.decrypt(request.user, envelope=body.envelope, passphrase=body.passphrase)
        return Response(wire.OpenedText(text))


def _state(key: ManagedKey) -> wire.ManagedKeyState:
    der = load_pem_public_key(key.public_key.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return wire.managed_key_state(key, hashlib.sha256(der).hexdigest())
