"""Writing a snapshot down: rows of one moment first, then the files that they name."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from tempfile import TemporaryFile
from typing import IO, Any, Protocol

import msgspec
from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model, Sum

from chatproject.snapshot.manifest import (
    BLOCK,
    FILES,
    HEADS,
    LISTING,
    MANIFEST,
    ROWS,
    Counting,
    Digest,
    FileEntry,
    Manifest,
)
from chatproject.snapshot.moment import moment
from chatproject.snapshot.tables import CHUNK, compact, tables
from conversations.models import Conversation
from media.models import Blob
from media.services import avatar_names

Report = Callable[[int], None]
ROW_WEIGHT = 500
"""How many bytes of a file take as long as a row."""


class CannotTake(Exception):
    """There can be no snapshot now. The message is a sentence."""


class Sink(Protocol):
    """Where a snapshot goes: a folder, or a backup."""

    def lines(self, name: str, lines: Iterable[bytes]) -> None:
        """Write these lines under a name."""

    def file(self, name: str, size: int, blocks: Iterator[bytes]) -> None:
        """Write a file of so many bytes under a name. Raises `ValueError` when there are more or fewer."""


def take(sink: Sink, report: Report = lambda percent: None) -> Manifest:
    """Write a snapshot to `sink`, its manifest last. `report` hears how many per cent are there.

    In constant memory. Raises `CannotTake` while migrations are to be done.
    """
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as names:
        with moment() as now:
            manifest = Manifest(settings.VERSION, _migrations(now), {}, Digest(0, ""), Digest(0, ""))
            progress = _Progress(_weight(now), report)
            for table in tables(apps):
                lines = Counting(table.lines(now))
                sink.lines(f"{ROWS}/{table.name}.jsonl", progress.counted(lines))
                manifest.tables[table.name] = lines.digest
            heads = Counting(heads_of(Conversation, now))
            sink.lines(HEADS, heads)
            manifest.heads = heads.digest
            for name, digest in _file_names(now):
                names.write(f"{digest} {name}\n".encode())
        names.seek(0)
        listing = Counting(_files(names, sink, manifest, progress))
        sink.lines(LISTING, listing)
        manifest.files = listing.digest
    sink.lines(MANIFEST, [msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"])
    return manifest


def heads_of(conversations: type[Model], database: str) -> Iterator[bytes]:
    """The head of each conversation's log, a line each."""
    rows = conversations._base_manager.using(database).order_by("id").values_list("id", "seq", "message_count")
    for id_, seq, count in rows.iterator(CHUNK):
        yield compact({"conversation_id": str(id_), "message_count": count, "seq": seq})


def _migrations(database: str) -> dict[str, list[str]]:
    """The last migrations of each app, which are those of this version, or it could not read the rows."""
    loader = MigrationLoader(connections[database])
    leaves = loader.graph.leaf_nodes()
    if not set(leaves) <= loader.applied_migrations.keys():
        raise CannotTake("The database is not migrated to this version: start the server once, or run migrate.")
    found: dict[str, list[str]] = {}
    for app, name in leaves:
        found.setdefault(app, []).append(name)
    return found


def _weight(database: str) -> int:
    rows: int = sum(table.rows(database).count() for table in tables(apps))
    return rows * ROW_WEIGHT + (Blob.objects.using(database).aggregate(bytes=Sum("size"))["bytes"] or 0)


def _file_names(database: str) -> Iterator[tuple[str, str]]:
    """Each with its SHA-256 where that is known."""
    for blob in Blob.objects.using(database).order_by("id").iterator(CHUNK):
        yield blob.name, blob.digest
    for name in avatar_names(database):
        yield name, ""


def _files(names: IO[bytes], sink: Sink, manifest: Manifest, progress: "_Progress") -> Iterator[bytes]:
    """Write the files, and a line for each. They never change; one that is gone was deleted after the moment."""
    for line in names:
        digest, _, name = line.decode().rstrip("\n").partition(" ")
        try:
            with default_storage.open(name) as file:
                size, blocks = file.size, _Hashed(file)
                sink.file(f"{FILES}/{name}", size, progress.bytes(blocks))
        except FileNotFoundError:
            manifest.gone += 1
            continue
        manifest.damaged += digest not in ("", blocks.sha256)
        yield compact(msgspec.to_builtins(FileEntry(name, size, blocks.sha256)))


class _Hashed:
    """The bytes of a file, block by block, and their SHA-256 once they went by."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        while block := self._file.read(BLOCK):
            self._hash.update(block)
            yield block

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class _Progress:
    """How much of it is there."""

    def __init__(self, total: int, report: Report) -> None:
        self._total, self._report, self._done = max(total, 1), report, 0

    def counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self._add(ROW_WEIGHT)
            yield line

    def bytes(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._add(len(block))
            yield block

    def _add(self, weight: int) -> None:
        self._done += weight
        self._report(min(99, 100 * self._done // self._total))
