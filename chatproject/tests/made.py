"""What a first start makes, the schema and the static files: made once in a test run, copied by all that begin with it.

The processes of a run share a folder, which the first of them names in `TESTS_MADE`.
"""

import atexit
import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]
SHARED = "TESTS_MADE"
MAKE = (
    "import django; django.setup(); from chatproject import server; from operations import bootstrap;"
    "bootstrap.migrate(); server.collect_static()"
)


class Made(NamedTuple):
    """A folder with static files and, on SQLite, the database; else its name on PostgreSQL."""

    folder: Path
    database: str


@cache
def made(postgres: str) -> Made:
    """For SQLite, or for this PostgreSQL (`postgres://…`, any database of it)."""
    with (shared_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared_folder() / ("postgres" if postgres else "sqlite")
        database = f"chat_made_{shared_folder().name[-8:]}" if postgres else ""
        if not folder.exists():
            _make(folder, in_database(postgres, database) if postgres else "")
        return Made(folder, database)


def _make(folder: Path, postgres: str) -> None:
    data = folder.with_suffix(".new")
    data.mkdir()
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(data), "SECRET_KEY": secrets.token_urlsafe(64)}
    if postgres:
        (shared_folder() / "database").write_text(postgres)
        run_on(in_database(postgres, "postgres"), f'CREATE DATABASE "{urlsplit(postgres).path[1:]}"')
        env["DATABASE_URL"] = postgres
    env["DJANGO_SETTINGS_MODULE"] = "chatproject.settings"
    subprocess.run([sys.executable, "-c", MAKE], cwd=ROOT, env=env, check=True)
    data.rename(folder)


@cache
def shared_folder() -> Path:
    """The folder of this test run. The process that makes it removes it at its end, and what was made on PostgreSQL."""
    if folder := os.environ.get(SHARED):
        return Path(folder)
    made_here = Path(tempfile.mkdtemp(prefix="chat-made-"))
    atexit.register(_remove, made_here)
    os.environ[SHARED] = str(made_here)
    return made_here


def _remove(folder: Path) -> None:
    if (folder / "database").exists():
        postgres = (folder / "database").read_text()
        drop = f'DROP DATABASE IF EXISTS "{urlsplit(postgres).path[1:]}" WITH (FORCE)'
        run_on(in_database(postgres, "postgres"), drop)
    shutil.rmtree(folder, ignore_errors=True)


def postgres_session(postgres: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """A connection of a test's own. It waits for its turn: the servers of a test run share PostgreSQL's hundred."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return psycopg.connect(postgres, autocommit=autocommit)
        except psycopg.OperationalError as error:
            if "too many clients" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def run_on(postgres: str, statement: str) -> None:
    with postgres_session(postgres, autocommit=True) as connection:
        connection.execute(statement)


def in_database(url: str, name: str) -> str:
    """The same PostgreSQL, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
