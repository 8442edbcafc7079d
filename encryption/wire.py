"""Keys as they go over the wire. Bytes are base64."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from chatproject.common.clock import rfc3339
from encryption.models import ManagedKey

Passphrase = Annotated[str, Meta(min_length=8, max_length=1024, description="Never kept, and not the password.")]


class NewManagedKey(msgspec.Struct):
    """The passphrase under which the private half is kept. Who forgets it has lost what was encrypted for the key."""

    passphrase: Passphrase


class ManagedKeyState(msgspec.Struct):
    """The public half of a key that the server has made: SPKI as PEM, and the SHA-256 of its DER as hex."""

    key_id: UUID
    user_id: UUID
    public_key: str
    fingerprint: str
    created_at: str


class ManagedEnvelope(msgspec.Struct):
    """A text that was encrypted here, by RSA-OAEP (SHA-256) and AES-256-GCM, for the key named."""

    key_id: UUID
    wrapped_key: Annotated[bytes, Meta(min_length=384, max_length=384)]
    nonce: Annotated[bytes, Meta(min_length=12, max_length=12)]
    ciphertext: bytes
    v: Annotated[int, Meta(ge=1, le=1)] = 1


class ManagedText(msgspec.Struct):
    """A text for somebody's key. The server sees it while it encrypts it, and does not keep it."""

    recipient_id: UUID
    plaintext: str


class ManagedOpening(msgspec.Struct):
    """An envelope for one's own key, and the passphrase."""

    envelope: ManagedEnvelope
    passphrase: Passphrase


class OpenedText(msgspec.Struct):
    """What was in the envelope."""

    plaintext: str


def managed_key_state(key: ManagedKey, fingerprint: str) -> ManagedKeyState:
    """A managed key as everybody sees it who may."""
    return ManagedKeyState(key.id, key.user_id, key.public_key, fingerprint, rfc3339(key.created_at))
