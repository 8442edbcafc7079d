"""A snapshot in a folder: written so that it can be gone on with, and looked at before anything is made of it."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from chatproject.snapshot.manifest import (
    BLOCK,
    FILES,
    HEADS,
    LISTING,
    ROWS,
    Damaged,
    Digest,
    Manifest,
    digest_of,
    entries,
    lines_of,
    read_manifest,
)
from chatproject.snapshot.taking import Report


class FolderSink:
    """Writes a snapshot into a folder. Each file gets its name when it is whole.

    Begun anew, it writes the rows anew, because they must all be of one moment; files, which never change, stay.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lines(self, name: str, lines: Iterable[bytes]) -> None:
        self._write(self._folder / name, lines)

    def file(self, name: str, size: int, blocks: Iterator[bytes]) -> None:
        path = self._folder / name
        if path.exists() and path.stat().st_size == size:
            for _ in blocks:  # what is digested is what is in the storage, and `verify` compares
                pass
            return
        self._write(path, blocks)
        if path.stat().st_size != size:
            raise ValueError(f"{name} has {path.stat().st_size} bytes instead of {size}")

    def _write(self, path: Path, blocks: Iterable[bytes]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - with its mode
            file.writelines(blocks)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def verify(folder: Path, report: Report = lambda percent: None) -> Manifest:
    """The manifest of a snapshot, after comparing everything with it. Raises `Damaged` with what differs first."""
    manifest = read_manifest(folder)
    for name, digest in manifest.tables.items():
        _compare(folder / ROWS / f"{name}.jsonl", digest)
    _compare(folder / HEADS, manifest.heads)
    _compare(folder / LISTING, manifest.files)
    for number, entry in enumerate(entries(folder), 1):
        path = folder / FILES / entry.name
        if not path.is_file() or path.stat().st_size != entry.size or sha256_of(path) != entry.sha256:
            raise Damaged(f"{FILES}/{entry.name} is missing, or is not what it was.")
        report(100 * number // manifest.files.count)
    return manifest


def sha256_of(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb", buffering=BLOCK) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _compare(path: Path, digest: Digest) -> None:
    if digest_of(lines_of(path)) != digest:
        raise Damaged(f"{path.name} is not what it was.")
