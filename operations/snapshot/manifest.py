"""What a snapshot says of itself: enough to tell whether all of it is there, and unchanged."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

FORMAT = 1
ROWS, FILES, HEADS, LISTING, MANIFEST = "rows", "files", "heads.jsonl", "files.jsonl", "manifest.json"
BLOCK = 1 << 20


class Damaged(Exception):
    """A snapshot is not whole, or not what it was. The message is a sentence."""


class Digest(msgspec.Struct, frozen=True):
    """So many lines, and the SHA-256 of all of them."""

    count: int
    sha256: str


class Manifest(msgspec.Struct):
    """What is in a snapshot.

    `migrations` are the last of each app: the shape of the rows. `tables` are digests of `rows/{name}.jsonl` in the
    order in which they are loaded, `heads` of `heads.jsonl` (the head of each conversation's log) and `files` of
    `files.jsonl` (name, size and SHA-256 of each file). `gone` is how many files were deleted while it was taken, or
    were missing before; `damaged` how many are not what was once stored.
    """

    version: str
    migrations: dict[str, list[str]]
    tables: dict[str, Digest]
    heads: Digest
    files: Digest
    gone: int = 0
    damaged: int = 0
    format: int = FORMAT


class Counting:
    """Lines on their way: how many, and their digest. `digest` is known once all of them went by."""

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
    """A line of `files.jsonl`: a file's name in the storage, its bytes and their SHA-256."""

    name: str
    size: int
    sha256: str


def digest_of(lines: Iterable[bytes]) -> Digest:
    """The digest of these lines."""
    counting = Counting(lines)
    for _ in counting:
        pass
    return counting.digest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a snapshot in a folder. Raises `Damaged`."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise Damaged(f"There is no {MANIFEST}: this is no snapshot, or one that was never finished.") from None
    except msgspec.DecodeError:
        raise Damaged(f"{MANIFEST} cannot be read.") from None
    if manifest.format != FORMAT:
        raise Damaged(f"This is format {manifest.format}, and this version reads format {FORMAT}.")
    return manifest


def entries(folder: Path) -> Iterator[FileEntry]:
    """The files of a snapshot. Raises `Damaged` for a name that leads out of it."""
    decode = msgspec.json.Decoder(FileEntry).decode
    for line in lines_of(folder / LISTING):
        entry = decode(line)
        if is_unsafe(entry.name):
            raise Damaged(f"{LISTING} names {entry.name!r}.")
        yield entry


def is_unsafe(name: str) -> bool:
    """Whether a name could lead out of a folder."""
    return not name or name.startswith("/") or "\\" in name or any(part in ("", ".", "..") for part in name.split("/"))


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file. Raises `Damaged` when there is none."""
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        raise Damaged(f"{path.name} is missing.") from None
