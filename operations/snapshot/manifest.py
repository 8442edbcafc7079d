"""The manifest of a snapshot: enough to tell whether it is complete and unchanged."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

FORMAT = 1
ROWS, FILES, HEADS, LISTING, MANIFEST = "rows", "files", "heads.jsonl", "files.jsonl", "manifest.json"
BLOCK_SIZE = 1 << 20


class Damaged(Exception):
    """A snapshot is incomplete or has changed. The message is a sentence."""


class Digest(msgspec.Struct, frozen=True):
    """The number of lines, and the SHA-256 of all of them."""

    count: int
    sha256: str


class Manifest(msgspec.Struct):
    """The content of a snapshot.

    `migrations` are the latest of each app, which give the schema of the rows. `tables` are digests of
    `rows/{name}.jsonl` in the order in which they are loaded, `heads` of `heads.jsonl` (the head of each conversation's
    log) and `files` of `files.jsonl` (name, size and SHA-256 of each file). `gone` counts files that were missing or
    were deleted while the snapshot was written, `damaged` those that differ from what was uploaded.
    """

    version: str
    migrations: dict[str, list[str]]
    tables: dict[str, Digest]
    heads: Digest
    files: Digest
    gone: int = 0
    damaged: int = 0
    format: int = FORMAT


class DigestingLines:
    """Passes lines on and digests them. Read `digest` after the last line."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self._count = 0
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self._count += 1
            self._hash.update(line)
            yield line

    @property
    def digest(self) -> Digest:
        return Digest(self._count, self._hash.hexdigest())


class FileEntry(msgspec.Struct, frozen=True):
    """A line of `files.jsonl`: a file's name in the storage, its size in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


def digest_of(lines: Iterable[bytes]) -> Digest:
    """The digest of these lines."""
    digesting = DigestingLines(lines)
    for _ in digesting:
        pass
    return digesting.digest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a snapshot in a folder. Raises `Damaged`."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise Damaged(f"{MANIFEST} is missing: this is not a snapshot, or it was never finished.") from None
    except msgspec.DecodeError:
        raise Damaged(f"{MANIFEST} cannot be read.") from None
    if manifest.format != FORMAT:
        raise Damaged(f"The snapshot has format {manifest.format}; this version reads format {FORMAT}.")
    return manifest


def file_entries(folder: Path) -> Iterator[FileEntry]:
    """The files listed in a snapshot. Raises `Damaged` for a name that points outside it."""
    decode = msgspec.json.Decoder(FileEntry).decode
    for line in read_lines(folder / LISTING):
        entry = decode(line)
        if is_unsafe(entry.name):
            raise Damaged(f"{LISTING} contains the unsafe name {entry.name!r}.")
        yield entry


def is_unsafe(name: str) -> bool:
    """Whether a name could point outside its folder."""
    return not name or name.startswith("/") or "\\" in name or any(part in ("", ".", "..") for part in name.split("/"))


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file. Raises `Damaged` if the file is missing."""
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        raise Damaged(f"{path.name} is missing.") from None
