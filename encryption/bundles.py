"""Reading what devices show of their keys, as docs/encryption.md writes it: packed bytes are signed, never JSON."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from chatproject.common.errors import invalid
from encryption.models import Suite
from encryption.wire import Bundle

RSA_BITS, RSA_EXPONENT, PSS_SALT = 3072, 65537, 32
SIZES = {Suite.RSA: (422, 384), Suite.CURVE: (44, 64)}
"""Bytes of a public key (SPKI, DER) and of a signature, by suite."""
PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey | x25519.X25519PublicKey


def pack(domain: str, *fields: str | bytes | int | UUID) -> bytes:
    """What is signed, hashed or bound: the domain and every field, each with its length before it."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in map(_raw, (domain, *fields)))


def _raw(field: str | bytes | int | UUID) -> bytes:
    if isinstance(field, bytes):
        return field
    return field.to_bytes(8, "big") if isinstance(field, int) else str(field).encode()


def decoded(text: str, field: str, size: int, most: int = 0) -> bytes:
    """Base64url without padding, in its one form, of so many bytes, or up to `most`. Refuses (`invalid`) the rest."""
    try:
        raw = raw_of(text)
    except (ValueError, binascii.Error):
        raw = b""
    if encoded(raw) != text or not size <= len(raw) <= (most or size):
        sizes = f"{size} to {most}" if most else size
        raise invalid(field, f"This must be base64url without padding of {sizes} bytes.")
    return raw


def encoded(raw: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw_of(text: str) -> bytes:
    """The bytes of a text that `encoded` has made."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Keys:
    """The checked keys of a device. Making one refuses (`invalid`) keys of another form, and a bundle that its own
    signing key has not signed for this person."""

    def __init__(self, bundle: Bundle, user_id: UUID, field: str = "") -> None:
        self.suite = Suite(bundle.suite)
        size, signature_size = SIZES[self.suite]
        self.encryption_key = decoded(bundle.encryption_key, f"{field}encryption_key", size)
        self.signing_key = decoded(bundle.signing_key, f"{field}signing_key", size)
        self.signature = decoded(bundle.signature, f"{field}signature", signature_size)
        read(self.suite, self.encryption_key, f"{field}encryption_key", is_signing=False)
        if self.encryption_key == self.signing_key:
            raise invalid(f"{field}signing_key", "A device has two different keys.")
        self.packed = pack("chat/bundle/1", self.suite, user_id, self.encryption_key, self.signing_key)
        if not is_signed(self.suite, self.signing_key, self.signature, self.packed, f"{field}signing_key"):
            raise invalid(f"{field}signature", "The device's own key has not signed this.")


def is_signed(suite: Suite, signing_key: bytes, signature: bytes, message: bytes, field: str = "signing_key") -> bool:
    """Whether this key has signed the message."""
    key = read(suite, signing_key, field, is_signing=True)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), PSS_SALT)
            key.verify(signature, message, pss, hashes.SHA256())
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def read(suite: Suite, der: bytes, field: str, *, is_signing: bool) -> PublicKey:
    """A public key of the suite, in the only form there is. Anything else, above all a private one, is refused."""
    try:
        key = load_der_public_key(der)
    except (ValueError, TypeError):
        raise invalid(field, "This is no public key.") from None
    if not _belongs(suite, key, is_signing=is_signing):
        raise invalid(field, f"This is no key of the suite {suite}.")
    assert isinstance(key, PublicKey)  # noqa: S101 - just looked at
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise invalid(field, "A key has one form only.")
    return key


def _belongs(suite: Suite, key: object, *, is_signing: bool) -> bool:
    if suite == Suite.RSA:
        fits = isinstance(key, rsa.RSAPublicKey) and key.key_size == RSA_BITS
        return fits and key.public_numbers().e == RSA_EXPONENT  # type: ignore[attr-defined]
    return isinstance(key, ed25519.Ed25519PublicKey if is_signing else x25519.X25519PublicKey)


def fingerprint(suite: str, user_id: UUID, signing_key: bytes) -> str:
    """The SHA-256 that people compare: 64 hex digits."""
    return hashlib.sha256(pack("chat/fingerprint/1", user_id, suite, signing_key)).hexdigest()


def prekey(device_id: UUID, number: int, key: bytes) -> bytes:
    """What a device signs of a key for one message."""
    return pack("chat/prekey/1", device_id, number, key)


def rotation(user_id: UUID, device_id: UUID, old: Sequence[bytes], new: Sequence[bytes]) -> bytes:
    """What the old signing key signs when a device's keys change: both bundles, as packed and signed."""
    return pack("chat/rotation/1", user_id, device_id, *old, *new)
