"""X25519 and Ed25519: small and quick, where they are."""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chatcrypt.suite import Suite

NAME = "x25519+aes-256-gcm+ed25519"
PREFIX = {"x25519": bytes.fromhex("302a300506032b656e032100"), "ed25519": bytes.fromhex("302a300506032b6570032100")}
KEY_SIZE = 44
POINT = 32
WRAP_SIZE = POINT + 32 + 16
SIGNATURE_SIZE = 64
ONCE = bytes(12)


def make_keys() -> tuple[X25519PrivateKey, Ed25519PrivateKey]:
    return X25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def are_public_keys(encryption_key: bytes, signing_key: bytes) -> bool:
    return encryption_key.startswith(PREFIX["x25519"]) and signing_key.startswith(PREFIX["ed25519"])


def sign(key: Ed25519PrivateKey, data: bytes) -> bytes:
    return key.sign(data)


def verify(signing_key: bytes, signature: bytes, data: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(signing_key[-POINT:]).verify(signature, data)


def wrap(encryption_key: bytes, secret: bytes, info: bytes) -> bytes:
    """Raises ValueError for a key with which every shared secret is zero."""
    return wrap_with(X25519PrivateKey.generate(), encryption_key, secret, info)


def wrap_with(ephemeral: X25519PrivateKey, encryption_key: bytes, secret: bytes, info: bytes) -> bytes:
    """As `wrap`, with a pair of keys that is used for nothing else."""
    half = ephemeral.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(encryption_key[-POINT:]))
    return half + AESGCM(_kek(shared, half, info)).encrypt(ONCE, secret, None)


def unwrap(key: X25519PrivateKey, wrapped: bytes, info: bytes) -> bytes:
    half, sealed = wrapped[:POINT], wrapped[POINT:]
    shared = key.exchange(X25519PublicKey.from_public_bytes(half))
    return AESGCM(_kek(shared, half, info)).decrypt(ONCE, sealed, None)


def _kek(shared: bytes, half: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=half, info=info).derive(shared)


CURVE = Suite(
    name=NAME,
    key_size=KEY_SIZE,
    wrap_size=WRAP_SIZE,
    signature_size=SIGNATURE_SIZE,
    make_keys=make_keys,
    are_public_keys=are_public_keys,
    sign=sign,
    verify=verify,
    wrap=wrap,
    unwrap=unwrap,
)
