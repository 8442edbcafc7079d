"""Devices for tests, which make their keys as a client would."""

from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from encryption.bundles import encode, pack
from encryption.models import Suite


class TestDevice:
    """A device of somebody, with both private keys. `bundle` is what it shows."""

    __test__ = False

    def __init__(self, user_id: UUID, suite: Suite = Suite.CURVE) -> None:
        self.suite = suite
        self.signing: Any
        self.encrypting: Any
        if suite == Suite.RSA:
            self.signing, self.encrypting = (rsa.generate_private_key(65537, 3072) for _ in range(2))
        else:
            self.signing, self.encrypting = ed25519.Ed25519PrivateKey.generate(), x25519.X25519PrivateKey.generate()
        keys = [_der(key) for key in (self.encrypting, self.signing)]
        self.packed = pack("chat/bundle/1", suite, user_id, *keys)
        self.signature = self.sign(self.packed)
        encryption_key, signing_key, signature = map(encode, (*keys, self.signature))
        self.bundle = {
            "suite": str(suite),
            "encryption_key": encryption_key,
            "signing_key": signing_key,
            "signature": signature,
        }

    def sign(self, message: bytes) -> bytes:
        if self.suite == Suite.RSA:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            return self.signing.sign(message, pss, hashes.SHA256())
        return self.signing.sign(message)

    def rotated_to(self, new: "TestDevice", user_id: UUID, device_id: str) -> str:
        """This key's signature under another device's keys in its place."""
        both = pack("chat/rotation/1", user_id, device_id, self.packed, self.signature, new.packed, new.signature)
        return encode(self.sign(both))

    def prekey(self, device_id: str, number: int) -> dict[str, Any]:
        """A new key for one message, signed."""
        is_rsa = self.suite == Suite.RSA
        made = rsa.generate_private_key(65537, 3072) if is_rsa else x25519.X25519PrivateKey.generate()
        key = _der(made)
        signature = self.sign(pack("chat/prekey/1", UUID(device_id), number, key))
        return {"number": number, "key": encode(key), "signature": encode(signature)}


def _der(private: Any) -> bytes:
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
