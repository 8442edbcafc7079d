"""A snapshot as one file: a tar, compressed, sealed. Lines come in parts, because a tar tells sizes beforehand."""

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

from chatproject.backups.sealing import OpeningReader, SealingWriter
from chatproject.snapshot.manifest import BLOCK, Damaged, is_unsafe
from chatproject.snapshot.taking import Report

PART, CHUNK = 4 << 20, 1 << 18
LEVEL = 5
PART_NAME = re.compile(r"(.+)\.part[0-9]{6}")
KEPT = "kept"
"""The folder of what the installation made once and keeps in `DATA_DIR`: its keys."""


class ArchiveSink:
    """Writes a snapshot into a tar."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def lines(self, name: str, lines: Iterable[bytes]) -> None:
        buffer, number = bytearray(), 0
        for line in lines:
            buffer += line
            if len(buffer) >= PART:
                self.bytes(f"{name}.part{number:06}", bytes(buffer))
                buffer, number = bytearray(), number + 1
        self.bytes(f"{name}.part{number:06}", bytes(buffer))

    def file(self, name: str, size: int, blocks: Iterator[bytes]) -> None:
        self._tar.addfile(_member(name, size), _Blocks(blocks))
        if next(blocks, b""):
            raise ValueError(f"{name} is longer than {size}")

    def bytes(self, name: str, content: bytes) -> None:
        """A small file."""
        self._tar.addfile(_member(name, len(content)), io.BytesIO(content))


@contextmanager
def writing(file: IO[bytes], key: str) -> Iterator[ArchiveSink]:
    """Where to write a snapshot so that it lands in `file` sealed. What was broken off cannot be opened."""
    sealing = SealingWriter(file, key)
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=sealing, mtime=0) as packed,  # type: ignore[arg-type]
        tarfile.open(fileobj=packed, mode="w|", bufsize=CHUNK) as tar,
    ):
        tar.copybufsize = BLOCK  # type: ignore[attr-defined]
        yield ArchiveSink(tar)
    sealing.close()


def unpack(archive: Path, folder: Path, key: str, report: Report = lambda percent: None) -> None:
    """Open all of a backup into an empty folder. Raises `Damaged` if a bit of it is not what it was: what lies in the
    folder then is worth nothing."""
    size = max(1, archive.stat().st_size)
    with archive.open("rb") as file:
        opening = OpeningReader(file, key)
        try:
            with (
                gzip.GzipFile(mode="rb", fileobj=cast(IO[bytes], opening)) as packed,
                tarfile.open(fileobj=packed, mode="r|", bufsize=CHUNK) as tar,
            ):
                for member in tar:
                    _extract(tar, member, folder)
                    report(min(99, 100 * file.tell() // size))
                while packed.read(CHUNK):
                    pass
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Damaged(f"The backup cannot be unpacked: {error}.") from None
        opening.finish()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    source = tar.extractfile(member)
    if source is None or is_unsafe(member.name):
        raise Damaged(f"The backup holds {member.name!r}, which is no part of a snapshot.")
    part = PART_NAME.fullmatch(member.name)
    path = folder / (part[1] if part else member.name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:  # noqa: PTH123 - with its mode
        while block := source.read(BLOCK):
            file.write(block)


class _Blocks:
    """Blocks as a file that is read once, from the beginning."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def read(self, size: int = BLOCK, /) -> bytes:
        while len(self._rest) < size and (block := next(self._blocks, b"")):
            self._rest += block
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
