"""The cryptography of managed keys: RSA-OAEP and AES-256-GCM for texts of any length, Argon2id for the passphrase.

Opening takes the same steps whatever is wrong, with a stand-in if a step has failed: neither the response nor its
timing distinguishes a wrong passphrase from somebody else's envelope or an altered one.
"""

import secrets
import threading
from functools import cache
from typing import NamedTuple

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_public_key,
)

KEY_BITS = 3072
SALT_SIZE, NONCE_SIZE, KEY_SIZE = 16, 12, 32
ARGON2 = {"time_cost": 3, "memory_cost": 64 * 1024, "parallelism": 1}
DERIVATION_SLOTS = threading.BoundedSemaphore(2)
"""How many keys one process derives at the same time: each takes 64 MiB."""


class Wrapped(NamedTuple):
    """A private key encrypted with a passphrase."""

    salt: bytes
    nonce: bytes
    key: bytes


class Sealed(msgspec.Struct):
    """A text encrypted for one key: a new AES key under RSA-OAEP (SHA-256), and the text under that AES key. `key_id`
    is bound to both."""

    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes


class CannotOpen(Exception):
    """The text is not for this key, the passphrase is wrong, or the envelope was altered."""


def new_pair() -> tuple[str, bytes]:
    """A new key pair: the public key (SPKI, PEM) and the private key (PKCS 8, DER)."""
    private = rsa.generate_private_key(65537, KEY_BITS)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return public, private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def wrap(private: bytes, passphrase: str, key_id: bytes) -> Wrapped:
    """Encrypt a private key with a passphrase."""
    salt, nonce = secrets.token_bytes(SALT_SIZE), secrets.token_bytes(NONCE_SIZE)
    return Wrapped(salt, nonce, AESGCM(_derived(passphrase, salt)).encrypt(nonce, private, key_id))


def seal(text: bytes, public_key: str, key_id: bytes) -> Sealed:
    """Encrypt a text for this key."""
    key, nonce = secrets.token_bytes(KEY_SIZE), secrets.token_bytes(NONCE_SIZE)
    public = load_pem_public_key(public_key.encode())
    assert isinstance(public, rsa.RSAPublicKey)  # noqa: S101 - it was made here
    return Sealed(public.encrypt(key, _oaep(key_id)), nonce, AESGCM(key).encrypt(nonce, text, key_id))


def open_sealed(sealed: Sealed, wrapped: Wrapped | None, passphrase: str, key_id: bytes) -> bytes:
    """Decrypt a text. Raises `CannotOpen`, after the same work whatever is wrong."""
    stand_in, has_failed = _stand_in(), wrapped is None
    salt, nonce, kept = wrapped or stand_in
    try:
        private = AESGCM(_derived(passphrase, salt)).decrypt(nonce, kept, key_id)
    except InvalidTag:
        private, has_failed = _other_private(), True
    key = _unwrapped(private, sealed.wrapped_key, key_id)
    try:
        text = AESGCM(key or secrets.token_bytes(KEY_SIZE)).decrypt(sealed.nonce, sealed.ciphertext, key_id)
    except (InvalidTag, ValueError):
        raise CannotOpen from None
    if has_failed or not key:
        raise CannotOpen
    return text


def _unwrapped(private: bytes, wrapped_key: bytes, key_id: bytes) -> bytes | None:
    key = load_der_private_key(private, None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - it was made here
    try:
        found = key.decrypt(wrapped_key, _oaep(key_id))
    except ValueError:
        return None
    return found if len(found) == KEY_SIZE else None


def _oaep(label: bytes) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label)


def _derived(passphrase: str, salt: bytes) -> bytes:
    with DERIVATION_SLOTS:
        return hash_secret_raw(passphrase.encode(), salt, hash_len=KEY_SIZE, type=Type.ID, **ARGON2)


@cache
def _other_private() -> bytes:
    """A private key that stands in for the right one, so that the same work is done."""
    return new_pair()[1]


@cache
def _stand_in() -> Wrapped:
    return Wrapped(bytes(SALT_SIZE), bytes(NONCE_SIZE), secrets.token_bytes(len(_other_private()) + 16))
