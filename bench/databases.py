"""A database of our own for a run: made, migrated, peopled, and dropped at the end."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.servers import ROOT, Server

POSTGRES = "postgres://postgres@127.0.0.1:5432"
REDIS = "redis://127.0.0.1:6379/9"
DATABASE = "chat_bench"
UNLIMITED = "1000000/s"


@contextmanager
def prepared(kind: str, folder: Path) -> Iterator[Server]:
    """Our server on a fresh database ("sqlite" or "postgres") with the casts of all scenes in it.

    The files lie below `folder`. Its settings are the default ones, but for the limits on what one person may send.
    """
    data = folder / kind
    data.mkdir()
    environment = {
        "DATA_DIR": str(data),
        "REDIS_URL": "",
        "WORKERS": "1",
        "LOG_LEVEL": "WARNING",
        "RATE_MESSAGES": UNLIMITED,
        "RATE_FRAMES": UNLIMITED,
        "RATE_REQUESTS_USER": UNLIMITED,
        "ACCESS_TOKEN_MINUTES": "600",
        "DATABASE_URL": f"sqlite:///{data / 'chat.sqlite3'}",
    }
    if kind == "postgres":
        environment["DATABASE_URL"] = f"{POSTGRES}/{DATABASE}"
        recreate_postgres()
    run("manage.py", "migrate", "--verbosity=0", environment=environment)
    run("-m", "bench.seed", str(data), environment=environment)
    try:
        name, database = f"chatproject, {kind}", DATABASE if kind == "postgres" else ""
        yield Server(name, ("manage.py", "serve"), environment, speaks="chat", people=data, database=database)
    finally:
        if kind == "postgres":
            drop_postgres()


def recreate_postgres(name: str = DATABASE) -> None:
    drop_postgres(name)
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")


def drop_postgres(name: str = DATABASE) -> None:
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def run(*command: str, environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, *command], cwd=ROOT, env={**os.environ, **environment}, check=True)
