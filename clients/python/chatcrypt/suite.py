"""What a suite of algorithms has to offer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa, x25519

EncryptionKey = rsa.RSAPrivateKey | x25519.X25519PrivateKey
SigningKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PrivateKey = EncryptionKey | SigningKey


@dataclass(frozen=True)
class Suite:
    """How devices of one kind sign, and how keys are wrapped for them. Public keys are SPKI, private ones objects.

    `sign(signing_key, data)`; `verify(public_key, signature, data)` raises InvalidSignature; `wrap(public_key, secret,
    info)` raises ValueError for a key that makes no secret; `unwrap(encryption_key, wrapped, info)` raises ValueError
    or InvalidTag.
    """

    name: str
    key_size: int
    wrap_size: int
    signature_size: int
    make_keys: Callable[[], tuple[EncryptionKey, SigningKey]]
    are_public_keys: Callable[[bytes, bytes], bool]
    sign: Callable[[Any, bytes], bytes]
    verify: Callable[[bytes, bytes, bytes], None]
    wrap: Callable[[bytes, bytes, bytes], bytes]
    unwrap: Callable[[Any, bytes, bytes], bytes]


def spki(key: PrivateKey) -> bytes:
    """The public half."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pkcs8(key: PrivateKey) -> bytes:
    """The private half, bare. It goes into a backup and nowhere else."""
    bare = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, bare)
