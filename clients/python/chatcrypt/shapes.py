"""Reading what others have written: exactly these fields, of these types and lengths, or a refusal."""

import re
from collections.abc import Mapping
from typing import Any

from chatcrypt.canonical import decode
from chatcrypt.errors import CryptoError

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CLIENT_ID_SIZE = 64
LARGEST = 2**53 - 1

Json = Mapping[str, Any]


def exactly(value: object, *names: str) -> Json:
    """An object with these fields and no other."""
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise CryptoError("malformed")
    return value


def versioned(value: object, *versions: int) -> Json:
    """An object of one of these versions of the format."""
    if not isinstance(value, Mapping) or "v" not in value:
        raise CryptoError("malformed")
    if isinstance(value["v"], bool) or value["v"] not in versions:
        raise CryptoError("unknown_version")
    return value


def an_id(value: object) -> str:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise CryptoError("malformed")
    return value


def a_client_id(value: object) -> str:
    return a_text(value, 1, CLIENT_ID_SIZE)


def a_text(value: object, least: int, most: int) -> str:
    """Text of so many characters, without lone surrogates."""
    if not isinstance(value, str) or not least <= len(value) <= most or any("\ud800" <= c <= "\udfff" for c in value):
        raise CryptoError("malformed")
    return value


def a_number(value: object, least: int = 0, most: int = LARGEST) -> int:
    """A whole number. 7.0 is 7: other implementations cannot tell them apart."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise CryptoError("malformed")
    return value


def some_bytes(value: object, *sizes: int) -> bytes:
    """The bytes of a binary field that has one of these lengths. Raises `bad_encoding` or `bad_length`."""
    data = decode(value)
    if len(data) not in sizes:
        raise CryptoError("bad_length")
    return data
