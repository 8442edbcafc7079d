"""A snapshot as one file: a compressed, encrypted tar. Lines are split into parts, because a tar states the size of
each file before its content."""

import gzip
import io
import os
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from operations.backups.encryption import DecryptingReader, EncryptingWriter
from operations.snapshot.manifest import BLOCK_SIZE, Damaged, is_unsafe
from operations.snapshot.write import ReportProgress

PART_SIZE, CHUNK_SIZE = 4 << 20, 1 << 18
COMPRESSION_LEVEL = 5
PART_NAME = re.compile(r"(.+)\.part[0-9]{6}")
KEYS_FOLDER = "kept"
"""The folder for the keys that the installation generated in `DATA_DIR`."""


class ArchiveSink:
    """Writes a snapshot into a tar."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def lines(self, name: str, lines: Iterable[bytes]) -> None:
        buffer, number = bytearray(), 0
        for line in lines:
            buffer += line
            if len(buffer) >= PART_SIZE:
                self.bytes(f"{name}.part{number:06}", bytes(buffer))
                buffer, number = bytearray(), number + 1
        self.bytes(f"{name}.part{number:06}", bytes(buffer))

    def file(self, name: str, size: int, blocks: Iterator[bytes]) -> None:
        self._tar.addfile(_member(name, size), _BlockReader(blocks))
        if next(blocks, b""):
            raise ValueError(f"{name} has more than {size} bytes")

    def bytes(self, name: str, content: bytes) -> None:
        """Write a small file."""
        self._tar.addfile(_member(name, len(content)), io.BytesIO(content))


@contextmanager
def open_archive(file: IO[bytes], key: str) -> Iterator[ArchiveSink]:
    """A sink that writes a snapshot, encrypted, to `file`. If writing was interrupted, nobody can open the file."""
    encrypted = EncryptingWriter(file, key)
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=COMPRESSION_LEVEL, fileobj=encrypted, mtime=0) as packed,  # type: ignore[arg-type]
        tarfile.open(fileobj=packed, mode="w|", bufsize=CHUNK_SIZE) as tar,
    ):
        tar.copybufsize = BLOCK_SIZE  # type: ignore[attr-defined]
        yield ArchiveSink(tar)
    encrypted.close()


def unpack(archive: Path, folder: Path, key: str, report: ReportProgress = lambda percent: None) -> None:
    """Extract a whole backup into an empty folder. Raises `Damaged` if any bit of it has changed; discard the folder
    then."""
    size = max(1, archive.stat().st_size)
    with archive.open("rb") as file:
        decrypted = DecryptingReader(file, key)
        try:
            with (
                gzip.GzipFile(mode="rb", fileobj=cast(IO[bytes], decrypted)) as packed,
                tarfile.open(fileobj=packed, mode="r|", bufsize=CHUNK_SIZE) as tar,
            ):
                for member in tar:
                    _extract(tar, member, folder)
                    report(min(99, 100 * file.tell() // size))
                while packed.read(CHUNK_SIZE):
                    pass
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Damaged(f"The backup cannot be unpacked: {error}.") from None
        decrypted.finish()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    source = tar.extractfile(member)
    if source is None or is_unsafe(member.name):
        raise Damaged(f"The backup contains {member.name!r}, which does not belong in a snapshot.")
    part = PART_NAME.fullmatch(member.name)
    path = folder / (part[1] if part else member.name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:  # noqa: PTH123 - with its mode
        while block := source.read(BLOCK_SIZE):
            file.write(block)


class _BlockReader:
    """An iterator of blocks as a file that is read once, from start to end."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def read(self, size: int = BLOCK_SIZE, /) -> bytes:
        while len(self._rest) < size and (block := next(self._blocks, b"")):
            self._rest += block
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
