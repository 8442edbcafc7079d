"""Reading and checking the key bundles of devices, as specified in docs/encryption.md. Packed bytes are signed, never
JSON."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from common.errors import invalid
from encryption.models import Suite
from encryption.wire import Bundle

RSA_BITS, RSA_EXPONENT, PSS_SALT = 3072, 65537, 32
SIZES = {Suite.RSA: (422, 384), Suite.CURVE: (44, 64)}
"""Bytes of a public key (SPKI, DER) and of a signature, by suite."""
PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey | x25519.X25519PublicKey


def pack(domain: str, *fields: str | bytes | int | UUID) -> bytes:
    """The bytes to sign, hash or bind: the domain and every field, each preceded by its length."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in map(_field_bytes, (domain, *fields)))


def _field_bytes(field: str | bytes | int | UUID) -> bytes:
    if isinstance(field, bytes):
        return field
    return field.to_bytes(8, "big") if isinstance(field, int) else str(field).encode()


def decode_field(text: str, field: str, size: int, max_size: int = 0) -> bytes:
    """The bytes of a canonical base64url text without padding, exactly `size` of them, or `size` to `max_size`. Refuses
    (`invalid`) anything else."""
    try:
        raw = decode(text)
    except (ValueError, binascii.Error):
        raw = b""
    if encode(raw) != text or not size <= len(raw) <= (max_size or size):
        sizes = f"{size} to {max_size}" if max_size else size
        raise invalid(field, f"Send {sizes} bytes as base64url without padding.")
    return raw


def encode(raw: bytes) -> str:
    """These bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    """The bytes of a base64url text without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class CheckedKeys:
    """The checked keys of a device. Refuses (`invalid`) keys in any other form, and a bundle that its signing key has
    not signed for this person."""

    def __init__(self, bundle: Bundle, user_id: UUID, field: str = "") -> None:
        self.suite = Suite(bundle.suite)
        size, signature_size = SIZES[self.suite]
        self.encryption_key = decode_field(bundle.encryption_key, f"{field}encryption_key", size)
        self.signing_key = decode_field(bundle.signing_key, f"{field}signing_key", size)
        self.signature = decode_field(bundle.signature, f"{field}signature", signature_size)
        read_public_key(self.suite, self.encryption_key, f"{field}encryption_key", is_signing=False)
        if self.encryption_key == self.signing_key:
            raise invalid(f"{field}signing_key", "The signing key must be different from the encryption key.")
        self.packed = pack("chat/bundle/1", self.suite, user_id, self.encryption_key, self.signing_key)
        if not has_signed(self.suite, self.signing_key, self.signature, self.packed, f"{field}signing_key"):
            raise invalid(f"{field}signature", "The signature was not made by the device's signing key.")


def has_signed(suite: Suite, signing_key: bytes, signature: bytes, message: bytes, field: str = "signing_key") -> bool:
    """Whether this key has signed the message."""
    key = read_public_key(suite, signing_key, field, is_signing=True)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), PSS_SALT)
            key.verify(signature, message, pss, hashes.SHA256())
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def read_public_key(suite: Suite, der: bytes, field: str, *, is_signing: bool) -> PublicKey:
    """A public key of the suite, in its only allowed form. Refuses (`invalid`) anything else, above all private
    keys."""
    try:
        key = load_der_public_key(der)
    except (ValueError, TypeError):
        raise invalid(field, "This is not a public key.") from None
    if not _is_of_suite(suite, key, is_signing=is_signing):
        raise invalid(field, f"This is not a key of the suite {suite}.")
    assert isinstance(key, PublicKey)  # noqa: S101 - checked above
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise invalid(field, "Encode the key as canonical DER (SubjectPublicKeyInfo).")
    return key


def _is_of_suite(suite: Suite, key: object, *, is_signing: bool) -> bool:
    if suite == Suite.RSA:
        fits = isinstance(key, rsa.RSAPublicKey) and key.key_size == RSA_BITS
        return fits and key.public_numbers().e == RSA_EXPONENT  # type: ignore[attr-defined]
    return isinstance(key, ed25519.Ed25519PublicKey if is_signing else x25519.X25519PublicKey)


def fingerprint(suite: str, user_id: UUID, signing_key: bytes) -> str:
    """The fingerprint that people compare: SHA-256 as 64 hex digits."""
    return hashlib.sha256(pack("chat/fingerprint/1", user_id, suite, signing_key)).hexdigest()


def prekey_message(device_id: UUID, number: int, key: bytes) -> bytes:
    """The bytes that a device signs for a prekey."""
    return pack("chat/prekey/1", device_id, number, key)


def rotation_message(user_id: UUID, device_id: UUID, old: Sequence[bytes], new: Sequence[bytes]) -> bytes:
    """The bytes that the old signing key signs when a device's keys change: both bundles, packed and signed."""
    return pack("chat/rotation/1", user_id, device_id, *old, *new)
