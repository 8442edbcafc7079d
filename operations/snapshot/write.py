"""Writing a snapshot: first the rows as of one point in time, then the files that they refer to."""

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

from conversations.models import Conversation
from media.models import Blob
from media.services import avatar_names
from operations.snapshot.consistent_read import consistent_read
from operations.snapshot.manifest import (
    BLOCK_SIZE,
    FILES,
    HEADS,
    LISTING,
    MANIFEST,
    ROWS,
    Digest,
    DigestingLines,
    FileEntry,
    Manifest,
)
from operations.snapshot.tables import CHUNK, compact, tables

ReportProgress = Callable[[int], None]
ROW_WEIGHT = 500
"""Writing a row takes as long as writing this many bytes of a file."""


class SnapshotError(Exception):
    """A snapshot cannot be written now. The message is a sentence."""


class Sink(Protocol):
    """The target of a snapshot: a folder or a backup."""

    def lines(self, name: str, lines: Iterable[bytes]) -> None:
        """Write these lines under a name."""

    def file(self, name: str, size: int, blocks: Iterator[bytes]) -> None:
        """Write a file of `size` bytes under a name. Raises `ValueError` if there are more or fewer."""


def write_snapshot(sink: Sink, report: ReportProgress = lambda percent: None) -> Manifest:
    """Write a snapshot to `sink`, the manifest last. `report` is called with the percentage written.

    Uses constant memory. Raises `SnapshotError` if migrations have not been applied.
    """
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as names:
        with consistent_read() as now:
            manifest = Manifest(settings.VERSION, _migrations(now), {}, Digest(0, ""), Digest(0, ""))
            progress = _WeightedProgress(_total_weight(now), report)
            for table in tables(apps):
                lines = DigestingLines(table.lines(now))
                sink.lines(f"{ROWS}/{table.name}.jsonl", progress.rows(lines))
                manifest.tables[table.name] = lines.digest
            heads = DigestingLines(log_heads(Conversation, now))
            sink.lines(HEADS, heads)
            manifest.heads = heads.digest
            for name, digest in _file_names(now):
                names.write(f"{digest} {name}\n".encode())
        names.seek(0)
        listing = DigestingLines(_files(names, sink, manifest, progress))
        sink.lines(LISTING, listing)
        manifest.files = listing.digest
    sink.lines(MANIFEST, [msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"])
    return manifest


def log_heads(conversations: type[Model], database: str) -> Iterator[bytes]:
    """The head of each conversation's log, one line each."""
    rows = conversations._base_manager.using(database).order_by("id").values_list("id", "seq", "message_count")
    for id_, seq, count in rows.iterator(CHUNK):
        yield compact({"conversation_id": str(id_), "message_count": count, "seq": seq})


def _migrations(database: str) -> dict[str, list[str]]:
    """The latest migrations of each app. All of them must be applied, or this version could not read the rows."""
    loader = MigrationLoader(connections[database])
    leaves = loader.graph.leaf_nodes()
    if not set(leaves) <= loader.applied_migrations.keys():
        raise SnapshotError("The database is not migrated to this version. Run `manage.py migrate`.")
    found: dict[str, list[str]] = {}
    for app, name in leaves:
        found.setdefault(app, []).append(name)
    return found


def _total_weight(database: str) -> int:
    rows: int = sum(table.rows(database).count() for table in tables(apps))
    return rows * ROW_WEIGHT + (Blob.objects.using(database).aggregate(bytes=Sum("size"))["bytes"] or 0)


def _file_names(database: str) -> Iterator[tuple[str, str]]:
    """Name and SHA-256 of each file. The SHA-256 is empty where it is not known."""
    for blob in Blob.objects.using(database).order_by("id").iterator(CHUNK):
        yield blob.name, blob.digest
    for name in avatar_names(database):
        yield name, ""


def _files(names: IO[bytes], sink: Sink, manifest: Manifest, progress: "_WeightedProgress") -> Iterator[bytes]:
    """Write the files, and yield a line for each. Files never change; one that is missing was deleted meanwhile."""
    for line in names:
        digest, _, name = line.decode().rstrip("\n").partition(" ")
        try:
            with default_storage.open(name) as file:
                size, blocks = file.size, _HashedBlocks(file)
                sink.file(f"{FILES}/{name}", size, progress.blocks(blocks))
        except FileNotFoundError:
            manifest.gone += 1
            continue
        manifest.damaged += digest not in ("", blocks.sha256)
        yield compact(msgspec.to_builtins(FileEntry(name, size, blocks.sha256)))


class _HashedBlocks:
    """The blocks of a file. Read `sha256` after the last block."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        while block := self._file.read(BLOCK_SIZE):
            self._hash.update(block)
            yield block

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class _WeightedProgress:
    """Counts rows and blocks as they pass, and reports the percentage written."""

    def __init__(self, total: int, report: ReportProgress) -> None:
        self._total, self._report, self._done = max(total, 1), report, 0

    def rows(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self._add(ROW_WEIGHT)
            yield line

    def blocks(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._add(len(block))
            yield block

    def _add(self, weight: int) -> None:
        self._done += weight
        self._report(min(99, 100 * self._done // self._total))
