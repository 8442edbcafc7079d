"""Bringing a snapshot into an empty installation: all of it in one transaction, or nothing.

The files are put in place before that transaction commits. Killed in between, the database is empty still, and a mark
in `DATA_DIR` tells the next attempt that the files are its own.
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
from chatproject import server
from chatproject.snapshot.manifest import FILES, ROWS, Damaged, Manifest, digest_of, entries, lines_of
from chatproject.snapshot.tables import CHUNK, Table, tables
from chatproject.snapshot.taking import Report, heads_of
from conversations.models import Conversation

MARK = settings.DATA_DIR / ".bringing-in"


class NotEmpty(Exception):
    """There is something already where a snapshot was to be brought in. The message is a sentence."""


def refuse_unless_empty() -> None:
    """Raises `NotEmpty` when there are people, conversations or files. A Lobby that nobody has entered is nothing."""
    if {User._meta.db_table, Conversation._meta.db_table} <= set(connection.introspection.table_names()):
        _refuse_unless_nobody_is_here()
    if not MARK.exists() and _has_files():
        raise NotEmpty("There are files where uploads are stored: only an empty installation can be restored into.")


def _refuse_unless_nobody_is_here() -> None:
    if User.objects.exists() or Conversation.objects.exclude(is_lobby=True, seq=0, member_count=0).exists():
        raise NotEmpty("There are people or conversations already: only an empty installation can be restored into.")


def _has_files() -> bool:
    try:
        return any(default_storage.listdir(""))
    except FileNotFoundError:
        return False


def load(folder: Path, manifest: Manifest, *, moves: bool, report: Report = lambda percent: None) -> None:
    """Bring in a snapshot that was verified, then migrate to this version. `moves`: its files need not stay there.

    Raises `NotEmpty`, and `Damaged` when what is stored then is not what the manifest says.
    """
    refuse_unless_empty()
    apps = _shape(manifest)
    placed = tables(apps)
    if {table.name for table in placed} != manifest.tables.keys():
        raise Damaged("The snapshot has other tables than its migrations make.")
    with transaction.atomic():
        _clear(apps)
        total, done = max(1, sum(digest.count for digest in manifest.tables.values())), 0
        for table in placed:
            for lines in _by_chunk(lines_of(folder / ROWS / f"{table.name}.jsonl")):
                done += table.insert(lines)
                report(min(99, 100 * done // total))
        _count_on(placed)
        _compare(placed, apps, manifest)
        MARK.touch()
        _put(folder, moves=moves)
    MARK.unlink()
    server.migrate()
    report(100)


def _shape(manifest: Manifest) -> Apps:
    """Give the empty database the shape that the rows had. Raises `Damaged` when this version does not know it."""
    executor = MigrationExecutor(connection)
    wanted = [(app, name) for app, names in manifest.migrations.items() for name in names]
    if unknown := set(wanted) - set(executor.loader.graph.nodes):
        raise Damaged(
            f"It was made by a later version ({manifest.version}): {'.'.join(min(unknown))} is not known here."
        )
    executor.migrate(wanted)
    apps: Apps = MigrationExecutor(connection).loader.project_state(wanted).apps
    return apps


def _clear(apps: Apps) -> None:
    """Take away what migrations and a first start have made, under locks that keep everybody else out."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE " + ", ".join(quote(model._meta.db_table) for model in models))
        _refuse_unless_nobody_is_here()
        for model in models:
            cursor.execute(f"DELETE FROM {quote(model._meta.db_table)}")  # noqa: S608 - names of our tables
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # checked at the end, each row would wait in memory


def _by_chunk(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk


def _count_on(placed: list[Table]) -> None:
    """What numbers its own rows goes on behind those that came."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in placed]):
            cursor.execute(statement)


def _compare(placed: list[Table], apps: Apps, manifest: Manifest) -> None:
    for table in placed:
        if digest_of(table.lines("default")) != manifest.tables[table.name]:
            raise Damaged(f"{table.name} does not read as it was written.")
    if digest_of(heads_of(apps.get_model("conversations", "Conversation"), "default")) != manifest.heads:
        raise Damaged("The heads of the conversations are not what they were.")


class _Movable(File):  # type: ignore[type-arg]
    """A file that Django renames instead of copying it, where the storage is on the same disk."""

    def __init__(self, file: Any, path: Path) -> None:
        super().__init__(file)
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)


def _put(folder: Path, *, moves: bool) -> None:
    """Put the files where uploads are stored. What lies there is of an earlier attempt."""
    for entry in entries(folder):
        if default_storage.exists(entry.name):
            default_storage.delete(entry.name)
        path = folder / FILES / entry.name
        with path.open("rb") as file:
            default_storage.save(entry.name, _Movable(file, path) if moves else File(file))
    os.sync()
