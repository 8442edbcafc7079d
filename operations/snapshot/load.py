"""Loading a snapshot into an empty installation, in one transaction: all of it or nothing.

The files are stored before that transaction commits. If the process is killed in between, the database is still empty,
and a marker file in `DATA_DIR` tells the next attempt that it may overwrite those files.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User
from conversations.models import Conversation
from operations import bootstrap
from operations.snapshot.manifest import FILES, ROWS, Damaged, Manifest, digest_of, file_entries, read_lines
from operations.snapshot.tables import CHUNK, Table, tables
from operations.snapshot.write import ReportProgress, log_heads

MARKER = settings.DATA_DIR / ".bringing-in"


class NotEmpty(Exception):
    """The installation is not empty, so a snapshot cannot be loaded into it. The message is a sentence."""


def refuse_unless_empty() -> None:
    """Raises `NotEmpty` if there are people, conversations or files. A Lobby that no one has entered does not count."""
    if {User._meta.db_table, Conversation._meta.db_table} <= set(connection.introspection.table_names()):
        _refuse_unless_database_is_empty()
    if not MARKER.exists() and _has_files():
        raise NotEmpty("There are files in the upload storage. Restore into an empty installation.")


def _refuse_unless_database_is_empty() -> None:
    if User.objects.exists() or Conversation.objects.exclude(is_lobby=True, seq=0, member_count=0).exists():
        raise NotEmpty("There are people or conversations already. Restore into an empty installation.")


def _has_files() -> bool:
    try:
        return any(default_storage.listdir(""))
    except FileNotFoundError:
        return False


def load_snapshot(
    folder: Path, manifest: Manifest, *, moves: bool, report: ReportProgress = lambda percent: None
) -> None:
    """Load a verified snapshot, then migrate to this version. `moves`: files are moved out of the folder, not copied.

    Raises `NotEmpty`, and `Damaged` if the stored rows differ from the manifest.
    """
    refuse_unless_empty()
    apps = _migrate_to_snapshot(manifest)
    ordered = tables(apps)
    if {table.name for table in ordered} != manifest.tables.keys():
        raise Damaged("The tables in the snapshot do not match its migrations.")
    with transaction.atomic():
        _clear(apps)
        total, done = max(1, sum(digest.count for digest in manifest.tables.values())), 0
        for table in ordered:
            for lines in _chunks(read_lines(folder / ROWS / f"{table.name}.jsonl")):
                done += table.insert(lines)
                report(min(99, 100 * done // total))
        _reset_sequences(ordered)
        _compare(ordered, apps, manifest)
        MARKER.touch()
        _store_files(folder, moves=moves)
    MARKER.unlink()
    bootstrap.migrate()
    _analyze()
    report(100)


def _migrate_to_snapshot(manifest: Manifest) -> Apps:
    """Migrate the empty database to the schema that the rows had. Raises `Damaged` if this version does not know it."""
    executor = MigrationExecutor(connection)
    targets = [(app, name) for app, names in manifest.migrations.items() for name in names]
    if unknown := set(targets) - set(executor.loader.graph.nodes):
        migration = ".".join(min(unknown))
        raise Damaged(
            f"The snapshot was made by a later version ({manifest.version}), whose migration {migration} this version "
            "lacks. Install that version."
        )
    executor.migrate(targets)
    apps: Apps = MigrationExecutor(connection).loader.project_state(targets).apps
    return apps


def _clear(apps: Apps) -> None:
    """Delete the rows that migrations and a first start have created, with all tables locked."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE " + ", ".join(quote(model._meta.db_table) for model in models))
        _refuse_unless_database_is_empty()
        for model in models:
            cursor.execute(f"DELETE FROM {quote(model._meta.db_table)}")  # noqa: S608 - names of our tables
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # deferred checks would keep every row in memory


def _chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk


def _reset_sequences(ordered: list[Table]) -> None:
    """Let automatic primary keys continue after the loaded rows."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in ordered]):
            cursor.execute(statement)


def _compare(ordered: list[Table], apps: Apps, manifest: Manifest) -> None:
    for table in ordered:
        if digest_of(table.lines("default")) != manifest.tables[table.name]:
            raise Damaged(f"{table.name} does not match the manifest after loading.")
    if digest_of(log_heads(apps.get_model("conversations", "Conversation"), "default")) != manifest.heads:
        raise Damaged("The heads of the conversations do not match the manifest after loading.")


def _analyze() -> None:
    """Let PostgreSQL look at what was loaded. Until it does so by itself, minutes later, it would guess its plans."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


class _MovableFile(File):  # type: ignore[type-arg]
    """A file that Django renames instead of copying if the storage is on the same disk."""

    def __init__(self, file: Any, path: Path) -> None:
        super().__init__(file)
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)


def _store_files(folder: Path, *, moves: bool) -> None:
    """Store the files where uploads are stored. Files that exist there are from an earlier attempt."""
    for entry in file_entries(folder):
        if default_storage.exists(entry.name):
            default_storage.delete(entry.name)
        path = folder / FILES / entry.name
        with path.open("rb") as file:
            default_storage.save(entry.name, _MovableFile(file, path) if moves else File(file))
    os.sync()
