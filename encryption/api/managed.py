"""`encryption/managed/`: keys that the server keeps for thin clients. This is not end-to-end encryption:
the server sees every text that it encrypts or decrypts."""

import hashlib
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from django.conf import settings
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of
from common.errors import not_found
from common.ids import parse_id
from common.openapi import describe
from common.viewsets import ViewSet
from encryption import managed_wire as wire
from encryption import services
from encryption.models import ManagedKey


class ManagedKeyViewSet(ViewSet):
    """Answers 404 if `MANAGED_KEYS` is off."""

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not settings.MANAGED_KEYS:
            raise not_found()

    @describe("Create a key pair that the server keeps", body=wire.NewManagedKey, answers={201: wire.ManagedKeyState})
    @action(detail=False, methods=["post"])
    def keys(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.NewManagedKey)
        return Response(_state(services.make_managed_key(request.user, passphrase=body.passphrase)), 201)

    @describe(
        "Get your newest managed key, or another user's",
        answers={200: wire.ManagedKeyState},
        query={"user_id": (UUID, "Whose key; yours by default.")},
    )
    @action(detail=False, url_path="public-key")
    def public_key(self, request: SignedInRequest) -> Response:
        named = request.query_params.get("user_id")
        user_id = parse_id(named) if named else request.user.id
        return Response(_state(services.managed_key_of(request.user, user_id)))

    @describe("Encrypt a text for a user's managed key", body=wire.ManagedText, answers={200: wire.ManagedEnvelope})
    @action(detail=False, methods=["post"])
    def encrypt(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.ManagedText)
        return Response(services.encrypt_for(request.user, recipient_id=body.recipient_id, plaintext=body.plaintext))

    @describe(
        "Decrypt a text that was encrypted for your managed key",
        body=wire.ManagedOpening,
        answers={200: wire.OpenedText},
    )
    @action(detail=False, methods=["post"])
    def decrypt(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.ManagedOpening)
        text = services.decrypt(request.user, envelope=body.envelope, passphrase=body.passphrase)
        return Response(wire.OpenedText(text))


def _state(key: ManagedKey) -> wire.ManagedKeyState:
    der = load_pem_public_key(key.public_key.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return wire.managed_key_state(key, hashlib.sha256(der).hexdigest())
