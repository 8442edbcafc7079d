"""A stream of bytes that only `BACKUP_KEY` opens, and that is refused when a bit of it is another.

A file is a header and chunks. The header is `chatbak1`, 16 random bytes (the salt), and 32 bytes by which a wrong key
is told from damage. Key and those 32 bytes are Argon2id (RFC 9106: 64 MiB, 3 passes, 4 lanes) of `BACKUP_KEY` and the
salt. Chunks of 65536 bytes, of which the last may be shorter, are sealed with AES-256-GCM: the nonce is 7 zero bytes,
the chunk's number (4 bytes, big endian) and a byte that is 1 for the last chunk and else 0; the header is
bound to each (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). The key is another for each
file, so a nonce that begins with zeros is used once.
"""

import hmac
import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from chatproject.snapshot.manifest import Damaged

MAGIC = b"chatbak1"
SALT, CHECK, CHUNK, TAG = 16, 32, 1 << 16, 16


class WrongKey(Damaged):
    """The file was sealed with another key."""


class SealingWriter:
    """Seals what is written to it into `file`. Without `close` it can never be opened."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        salt = os.urandom(SALT)
        secret, check = _derived(key, salt)
        self._file, self._cipher, self._header = file, AESGCM(secret), MAGIC + salt + check
        self._buffer, self._number = bytearray(), 0
        file.write(self._header)

    def write(self, data: bytes) -> int:
        self._buffer += data
        while len(self._buffer) > CHUNK:  # the last chunk may be a whole one: it waits until there is more
            self._seal(bytes(self._buffer[:CHUNK]), is_last=False)
            del self._buffer[:CHUNK]
        return len(data)

    def flush(self) -> None:
        """Nothing: a chunk is written when it is full."""

    def close(self) -> None:
        """Write the last chunk."""
        self._seal(bytes(self._buffer), is_last=True)

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, self._header))
        self._number += 1


class OpeningReader:
    """Opens what `SealingWriter` wrote. Raises `WrongKey` at once, and `Damaged` where something is not as it was."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        self._header = file.read(len(MAGIC) + SALT + CHECK)
        if len(self._header) < len(MAGIC) + SALT + CHECK or not self._header.startswith(MAGIC):
            raise Damaged("This is no backup, or its beginning is damaged.")
        secret, check = _derived(key, self._header[len(MAGIC) : -CHECK])
        if not hmac.compare_digest(check, self._header[-CHECK:]):
            raise WrongKey("BACKUP_KEY is not the one that this backup was made with, or its beginning is damaged.")
        self._file, self._cipher = file, AESGCM(secret)
        self._ahead = file.read(CHUNK + TAG)
        self._buffer, self._number, self._is_over = b"", 0, False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, fewer at the end of a chunk; none at the end."""
        while not self._buffer and not self._is_over:
            self._open()
        if size < 0:
            size = len(self._buffer)
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def finish(self) -> None:
        """Read to the end, so that all of it was looked at."""
        while self.read(CHUNK):
            pass

    def _open(self) -> None:
        sealed, self._ahead = self._ahead, self._file.read(CHUNK + TAG)
        self._is_over = not self._ahead
        try:
            self._buffer = self._cipher.decrypt(_nonce(self._number, self._is_over), sealed, self._header)
        except (InvalidTag, ValueError):
            what = "cut off" if self._is_over else "damaged"
            raise Damaged(f"The backup is {what} at byte {self._file.tell()} or before.") from None
        self._number += 1


def _derived(key: str, salt: bytes) -> tuple[bytes, bytes]:
    made = Argon2id(salt=salt, length=32 + CHECK, iterations=3, lanes=4, memory_cost=64 * 1024).derive(key.encode())
    return made[:32], made[32:]


def _nonce(number: int, is_last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4, "big") + bytes([is_last])
