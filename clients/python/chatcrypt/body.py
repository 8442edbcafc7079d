"""What is inside a message: JSON, padded so that its length says little, after zeros that commit to the key."""

import json
from typing import Any

from chatcrypt.canonical import encode
from chatcrypt.errors import CryptoError
from chatcrypt.shapes import Json, a_number, a_text, an_id, some_bytes
from chatcrypt.text import is_blank

CLASSES = tuple(256 << power for power in range(9))
COMMITMENT = bytes(32)
CONTENT, MENTIONS, ATTACHMENTS = 10_000, 50, 10
NAME, MIME_TYPE = 255, 127
FILE_SIZE = 2**40
HEAD = len(COMMITMENT) + 4


def pad(body: Json) -> bytes:
    """The plaintext of this body. Raises `content_invalid` for what is no body and `too_large`."""
    text = json.dumps(_lean(read_body(body)), ensure_ascii=False, separators=(",", ":")).encode()
    plaintext = COMMITMENT + len(text).to_bytes(4, "big") + text
    return plaintext.ljust(size_class(len(plaintext)), b"\0")


def require_shown(body: Json) -> Json:
    """A body with something visible. Raises `content_invalid`: the server cannot check it, and readers would see
    nothing."""
    read = read_body(body)
    if is_blank(read["content"]) and not read["attachments"]:
        raise CryptoError("content_invalid", "Nothing of it can be seen.")
    return read


def size_class(size: int) -> int:
    """The least class that holds so many bytes. Raises `too_large`."""
    for each in CLASSES:
        if size <= each:
            return each
    raise CryptoError("too_large")


def unpad(plaintext: bytes) -> dict[str, Any]:
    """The body of this plaintext. Raises `content_invalid`."""
    end = HEAD + int.from_bytes(plaintext[len(COMMITMENT) : HEAD], "big")
    is_whole = end <= len(plaintext) and size_class(end) == len(plaintext)
    if not plaintext.startswith(COMMITMENT) or not is_whole or any(plaintext[end:]):
        raise CryptoError("content_invalid")
    return read_body(read_json(plaintext[HEAD:end], "content_invalid"))


def read_json(data: bytes, code: str) -> Any:
    """Strict JSON in UTF-8. Raises `code`."""
    try:
        return json.loads(data.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise CryptoError(code) from None


def _refuse(name: str) -> None:
    raise ValueError(name)


def read_body(body: object) -> dict[str, Any]:
    """The fields that a body has, each checked; others are left out. Raises `content_invalid`."""
    if not isinstance(body, dict):
        raise CryptoError("content_invalid")
    try:
        return {
            "content": a_text(body.get("content"), 0, CONTENT),
            "mentions": [an_id(each) for each in _few(body.get("mentions", []), MENTIONS)],
            "attachments": [_attachment(each) for each in _few(body.get("attachments", []), ATTACHMENTS)],
        }
    except CryptoError as error:
        raise CryptoError("content_invalid", str(error)) from None


def _few(items: object, most: int) -> list[Any]:
    if not isinstance(items, list) or len(items) > most:
        raise CryptoError("malformed")
    return items


def _attachment(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CryptoError("malformed")
    return {
        "upload_id": an_id(value.get("upload_id")),
        **{
            name: encode(some_bytes(value.get(name), size))
            for name, size in (("key", 32), ("nonce", 7), ("digest", 32))
        },
        "name": a_text(value.get("name"), 1, NAME),
        "mime_type": a_text(value.get("mime_type"), 1, MIME_TYPE),
        "size": a_number(value.get("size"), 0, FILE_SIZE),
    }


def _lean(body: dict[str, Any]) -> dict[str, Any]:
    """Without the lists that are empty."""
    return {name: value for name, value in body.items() if name == "content" or value}
