"""A snapshot in a folder: writing can be resumed, and the content is verified before it is loaded."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from operations.snapshot.manifest import (
    BLOCK_SIZE,
    FILES,
    HEADS,
    LISTING,
    ROWS,
    Damaged,
    Digest,
    Manifest,
    digest_of,
    file_entries,
    read_lines,
    read_manifest,
)
from operations.snapshot.write import ReportProgress


class FolderSink:
    """Writes a snapshot into a folder. Each file gets its name once it is complete.

    When writing is resumed, rows are written again, because all of them must be from one point in time. Files never
    change, so those that are complete stay.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lines(self, name: str, lines: Iterable[bytes]) -> None:
        self._write(self._folder / name, lines)

    def file(self, name: str, size: int, blocks: Iterator[bytes]) -> None:
        path = self._folder / name
        if path.exists() and path.stat().st_size == size:
            for _ in blocks:  # read for the digest in the manifest, which `verify_snapshot` compares with this file
                pass
            return
        self._write(path, blocks)
        if path.stat().st_size != size:
            raise ValueError(f"{name} has {path.stat().st_size} bytes, not {size}")

    def _write(self, path: Path, blocks: Iterable[bytes]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - with its mode
            file.writelines(blocks)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def verify_snapshot(folder: Path, report: ReportProgress = lambda percent: None) -> Manifest:
    """Compare everything in a snapshot with its manifest, and return the manifest. Raises `Damaged` at the first
    difference."""
    manifest = read_manifest(folder)
    for name, digest in manifest.tables.items():
        _compare(folder / ROWS / f"{name}.jsonl", digest)
    _compare(folder / HEADS, manifest.heads)
    _compare(folder / LISTING, manifest.files)
    for number, entry in enumerate(file_entries(folder), 1):
        path = folder / FILES / entry.name
        if not path.is_file() or path.stat().st_size != entry.size or sha256_of(path) != entry.sha256:
            raise Damaged(f"{FILES}/{entry.name} is missing or has changed.")
        report(100 * number // manifest.files.count)
    return manifest


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb", buffering=BLOCK_SIZE) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _compare(path: Path, digest: Digest) -> None:
    if digest_of(read_lines(path)) != digest:
        raise Damaged(f"{path.name} has changed.")
