"""The key by which push services know this server (RFC 8292)."""

import base64
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@cache
def public_key_of(private_key: str) -> str:
    """The public half of a private key, both in base64url."""
    number = int.from_bytes(base64.urlsafe_b64decode(private_key + "="), "big")
    key = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    return (
        base64.urlsafe_b64encode(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)).decode().rstrip("=")
    )
