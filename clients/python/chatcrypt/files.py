"""Files in chunks that cannot be cut off, moved or exchanged (STREAM: Hoang, Reyhanitabar, Rogaway and Vizár, 2015)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chatcrypt.body import FILE_SIZE
from chatcrypt.canonical import pack
from chatcrypt.errors import CryptoError

CHUNK = 64 * 1024
TAG = 16
BOUND = pack("chat/file/1")


@dataclass(frozen=True)
class FileSecrets:
    """What the message that carries a file says of it: `key`, `nonce`, `digest` and `size` of an attachment."""

    key: bytes = field(repr=False)
    nonce: bytes
    digest: bytes
    size: int


def seal_file(
    source: BinaryIO, target: BinaryIO, *, key: bytes | None = None, nonce: bytes | None = None
) -> FileSecrets:
    """Write the sealed file. Give `key` and `nonce` only to reproduce a known answer. Raises `too_large`."""
    key, nonce = key or os.urandom(32), nonce or os.urandom(7)
    cipher, hashes, size = AESGCM(key), bytearray(), 0
    for number, (chunk, is_last) in enumerate(_chunks(source)):
        size += len(chunk)
        if size > FILE_SIZE:
            raise CryptoError("too_large")
        sealed = cipher.encrypt(_nonce(nonce, number, is_last), chunk, BOUND)
        hashes += sha256(sealed).digest()
        target.write(sealed)
    return FileSecrets(key, nonce, _digest(nonce, size, hashes), size)


def open_file(source: BinaryIO, target: BinaryIO, secrets: FileSecrets) -> None:
    """Write the plain file. What is written is good only when this returns.

    Raises `file_truncated`, `file_invalid`, `file_digest`.
    """
    cipher, hashes = AESGCM(secrets.key), bytearray()
    last = max(0, secrets.size - 1) // CHUNK
    for number in range(last + 1):
        size = (secrets.size - CHUNK * last if number == last else CHUNK) + TAG
        sealed = _read(source, size)
        if len(sealed) < size:
            raise CryptoError("file_truncated")
        target.write(_open(cipher, _nonce(secrets.nonce, number, number == last), sealed))
        hashes += sha256(sealed).digest()
    if source.read(1):
        raise CryptoError("file_invalid")
    if _digest(secrets.nonce, secrets.size, hashes) != secrets.digest:
        raise CryptoError("file_digest")


def _open(cipher: AESGCM, nonce: bytes, sealed: bytes) -> bytes:
    try:
        return cipher.decrypt(nonce, sealed, BOUND)
    except InvalidTag:
        raise CryptoError("file_invalid") from None


def _chunks(source: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Each chunk, and whether it is the last; an empty file has one."""
    chunk = _read(source, CHUNK)
    while following := _read(source, CHUNK):
        yield chunk, False
        chunk = following
    yield chunk, True


def _read(source: BinaryIO, size: int) -> bytes:
    """So many bytes, or fewer at the end: a pipe may give less at a time."""
    parts = bytearray()
    while len(parts) < size and (part := source.read(size - len(parts))):
        parts += part
    return bytes(parts)


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([is_last])


def _digest(nonce: bytes, size: int, hashes: bytes | bytearray) -> bytes:
    return sha256(pack("chat/file-digest/1", nonce, size, bytes(hashes))).digest()
