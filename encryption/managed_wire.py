"""Keys that the server keeps, as they go over the wire."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from common.clock import rfc3339
from common.wire import Body, Moment
from encryption.models import ManagedKey

Passphrase = Annotated[
    str, Meta(min_length=8, max_length=1024, description="Never stored. Not the account's password.")
]


class NewManagedKey(Body):
    """The passphrase that the private key is encrypted with. If it is forgotten, what was encrypted for the key is
    lost."""

    passphrase: Passphrase


class ManagedKeyState(msgspec.Struct):
    """The public half of a managed key: SPKI as PEM, and the SHA-256 of its DER as hex."""

    key_id: UUID
    user_id: UUID
    public_key: str
    fingerprint: str
    created_at: Moment


class ManagedEnvelope(msgspec.Struct):
    """A text that the server encrypted for this key, with RSA-OAEP (SHA-256) and AES-256-GCM."""

    key_id: UUID
    wrapped_key: Annotated[bytes, Meta(min_length=384, max_length=384)]
    nonce: Annotated[bytes, Meta(min_length=12, max_length=12)]
    ciphertext: bytes
    v: Annotated[int, Meta(ge=1, le=1)] = 1


class SentEnvelope(ManagedEnvelope, forbid_unknown_fields=True):
    """A managed envelope, sent back to be decrypted."""


class ManagedText(Body):
    """A text to encrypt for somebody's key. The server sees it while encrypting it, and does not store it."""

    recipient_id: UUID
    plaintext: str


class ManagedOpening(Body):
    """An envelope for one of your keys, and the passphrase."""

    envelope: SentEnvelope
    passphrase: Passphrase


class OpenedText(msgspec.Struct):
    """The decrypted text."""

    plaintext: str


def managed_key_state(key: ManagedKey, fingerprint: str) -> ManagedKeyState:
    """The public part of a managed key."""
    return ManagedKeyState(key.id, key.user_id, key.public_key, fingerprint, rfc3339(key.created_at))
