"""`DATABASES` for the two supported databases: SQLite in `DATA_DIR`, or the PostgreSQL of `DATABASE_URL`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from environs import EnvError

from chatproject.private_files import restrict_database

POSTGRES, SQLITE = "django.db.backends.postgresql", "django.db.backends.sqlite3"


def database_settings(database: Mapping[str, Any], data_dir: Path, threads: int) -> tuple[dict[str, Any], bool]:
    """`DATABASES`, and whether it is PostgreSQL. `database` is what `DATABASE_URL` says, empty if that is not set.
    `threads` are the database threads of a process. Raises `EnvError`."""
    settings = dict(database) or {"ENGINE": SQLITE, "NAME": str(data_dir / "chat.sqlite3")}
    if settings["ENGINE"] == POSTGRES:
        return {"default": _postgres(settings, threads)}, True
    if settings["ENGINE"] == SQLITE:
        return {"default": _sqlite(settings, data_dir)}, False
    raise EnvError("DATABASE_URL must begin with postgres:// or sqlite:///.")


def _postgres(database: dict[str, Any], threads: int) -> dict[str, Any]:
    pool = {
        "min_size": 1,
        "max_size": threads + 8,
        "max_idle": 15,
        "timeout": 5,
        # While PostgreSQL is away the pool's pauses grow, so it would return many seconds after the database. It gives
        # up after this many seconds instead, and starts again with the next request.
        "reconnect_timeout": 1,
    }
    options = {
        **database.get("OPTIONS", {}),
        "pool": pool,
        "connect_timeout": 5,
        "prepare_threshold": 2,  # for what common.compiled and the writer run; Django's own cursors never prepare
    }
    return {**database, "ENGINE": "common.postgres", "OPTIONS": options}


def _sqlite(database: dict[str, Any], data_dir: Path) -> dict[str, Any]:
    restrict_database(Path(database["NAME"]))
    options = {
        # Deferred transactions that read before they write fail at once under load, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: an acknowledged message survives a power cut, not only a killed process.
        # A thread that has read a lot caches up to 20 MB of pages, all of them together about 100 MB.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA cache_size=-20000; PRAGMA soft_heap_limit=100000000;"
        ),
    }
    return {
        **database,
        "CONN_MAX_AGE": None,  # opening a connection takes as long as a dozen queries
        "OPTIONS": options,
        # Tests write from several threads. A shared in-memory database would lock its tables against them.
        "TEST": {"NAME": data_dir / "test.sqlite3"},
    }
