"""Authenticated encryption of a backup file: only `BACKUP_KEY` decrypts it, and any changed bit is detected.

A file is a header followed by chunks. The header is `chatbak1`, 16 random bytes (the salt) and 32 check bytes, which
tell a wrong key from damage. The encryption key and the check bytes are Argon2id (RFC 9106: 64 MiB, 3 passes, 4 lanes)
of `BACKUP_KEY` and the salt. Chunks of 65536 bytes (the last may be shorter) are encrypted with AES-256-GCM. The nonce
is 7 zero bytes, the chunk's number (4 bytes, big endian) and a byte that is 1 for the last chunk and 0 otherwise; the
header is the associated data of each chunk (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
Each file has its own key, so no nonce is used twice with the same key.
"""

import hmac
import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from operations.snapshot.manifest import Damaged

MAGIC = b"chatbak1"
SALT, CHECK, CHUNK, TAG = 16, 32, 1 << 16, 16


class WrongKey(Damaged):
    """The file was encrypted with another key."""


class EncryptingWriter:
    """Encrypts what is written to it into `file`. Call `close`, or the file can never be decrypted."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        salt = os.urandom(SALT)
        secret, check = _derive_keys(key, salt)
        self._file, self._cipher, self._header = file, AESGCM(secret), MAGIC + salt + check
        self._buffer, self._number = bytearray(), 0
        file.write(self._header)

    def write(self, data: bytes) -> int:
        self._buffer += data
        while len(self._buffer) > CHUNK:  # a full chunk may be the last one, so it waits until more is written
            self._encrypt(bytes(self._buffer[:CHUNK]), is_last=False)
            del self._buffer[:CHUNK]
        return len(data)

    def flush(self) -> None:
        """Does nothing: a chunk is written when it is full."""

    def close(self) -> None:
        """Write the last chunk."""
        self._encrypt(bytes(self._buffer), is_last=True)

    def _encrypt(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, self._header))
        self._number += 1


class DecryptingReader:
    """Decrypts what `EncryptingWriter` wrote. Raises `WrongKey` at once, and `Damaged` at the first changed byte."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        self._header = file.read(len(MAGIC) + SALT + CHECK)
        if len(self._header) < len(MAGIC) + SALT + CHECK or not self._header.startswith(MAGIC):
            raise Damaged("This is not a backup, or its first bytes are damaged.")
        secret, check = _derive_keys(key, self._header[len(MAGIC) : -CHECK])
        if not hmac.compare_digest(check, self._header[-CHECK:]):
            raise WrongKey("BACKUP_KEY is not the key that this backup was made with, or its first bytes are damaged.")
        self._file, self._cipher = file, AESGCM(secret)
        self._next_chunk = file.read(CHUNK + TAG)
        self._buffer, self._number, self._is_over = b"", 0, False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, fewer at the end of a chunk; none at the end of the file."""
        while not self._buffer and not self._is_over:
            self._decrypt_chunk()
        if size < 0:
            size = len(self._buffer)
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def finish(self) -> None:
        """Read to the end, so that all of the file is verified."""
        while self.read(CHUNK):
            pass

    def _decrypt_chunk(self) -> None:
        chunk, self._next_chunk = self._next_chunk, self._file.read(CHUNK + TAG)
        self._is_over = not self._next_chunk
        try:
            self._buffer = self._cipher.decrypt(_nonce(self._number, self._is_over), chunk, self._header)
        except (InvalidTag, ValueError):
            what = "cut off" if self._is_over else "damaged"
            raise Damaged(f"The backup is {what} at byte {self._file.tell()} or before.") from None
        self._number += 1


def _derive_keys(key: str, salt: bytes) -> tuple[bytes, bytes]:
    """The encryption key and the check bytes."""
    derived = Argon2id(salt=salt, length=32 + CHECK, iterations=3, lanes=4, memory_cost=64 * 1024).derive(key.encode())
    return derived[:32], derived[32:]


def _nonce(number: int, is_last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4, "big") + bytes([is_last])
