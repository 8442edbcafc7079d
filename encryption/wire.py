"""Keys as they go over the wire."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from chatproject.common.clock import rfc3339
from encryption.models import ManagedKey

Passphrase = Annotated[str, Meta(min_length=8, max_length=1024, description="Never kept, and not the password.")]


class Bundle(msgspec.Struct, forbid_unknown_fields=True):
    """The public keys of a device: SPKI in DER, and their signature by the signing key. All base64url without padding;
    docs/encryption.md has every byte."""

    suite: Literal["rsa-oaep-3072+aes-256-gcm+rsa-pss", "x25519+aes-256-gcm+ed25519"]
    encryption_key: Annotated[str, Meta(max_length=1024)]
    signing_key: Annotated[str, Meta(max_length=1024)]
    signature: Annotated[str, Meta(max_length=1024)]


class NewKeyDevice(Bundle, forbid_unknown_fields=True):
    """A device that reads and writes end to end, as long as this sign-in lasts."""

    name: Annotated[str, Meta(max_length=100)] = ""


class Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """New keys for a device: signed by the old signing key, or else with the password, which marks it as a reset that
    everybody is shown."""

    device_id: UUID
    bundle: Bundle
    signature: Annotated[str, Meta(max_length=1024)] | None = None
    password: Annotated[str, Meta(max_length=1024)] | None = None


class KeyDeviceState(msgspec.Struct):
    """A device that can read end to end, and its keys."""

    id: UUID
    name: str
    bundle: Bundle
    fingerprint: str
    created_at: str
    is_current: bool


class KeyLogHead(msgspec.Struct):
    """Where a person's key log ends: its last number and hash. 0 and an empty hash where nothing was registered."""

    number: int
    hash: str


class PublicKeys(msgspec.Struct):
    """All devices of a person, and where their key log stands."""

    user_id: UUID
    devices: list[KeyDeviceState]
    log: KeyLogHead


class KeyLogEntry(msgspec.Struct):
    """A line of a person's key log. `proof` is the old key's signature of a rotation. `hash` is the SHA-256 of
    `chat/key-log/1` with the hash before it, number, kind, device, the bundle's fields, proof and time."""

    number: int
    kind: str
    device_id: UUID
    bundle: Bundle
    proof: str | None
    at: str
    hash: str


class KeyLog(msgspec.Struct):
    """Lines of a key log, ascending, at most 100, and where the log ends."""

    entries: list[KeyLogEntry]
    head: KeyLogHead


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
