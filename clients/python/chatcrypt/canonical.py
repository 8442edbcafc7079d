"""Bytes that are the same for everybody: base64url in its one form, and fields that cannot run into each other."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from chatcrypt.errors import CryptoError

ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: object) -> bytes:
    """The bytes of canonical base64url. Raises `malformed` for what is no text, else `bad_encoding`."""
    if not isinstance(text, str):
        raise CryptoError("malformed")
    if not ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        raise CryptoError("bad_encoding")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise CryptoError("bad_encoding")
    return data


def pack(domain: str, *fields: str | int | bytes) -> bytes:
    """The domain and each field, preceded by its length. Text is UTF-8, a number 8 bytes, big endian."""
    return b"".join(len(data).to_bytes(4, "big") + data for data in map(_bytes, (domain, *fields)))


def _bytes(field: str | int | bytes) -> bytes:
    if isinstance(field, int):
        return field.to_bytes(8, "big")
    return field.encode() if isinstance(field, str) else field
