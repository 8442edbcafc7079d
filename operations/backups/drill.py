"""Verifying a backup: the `restore` command restores it into a scratch installation and compares every row.

The scratch installation has its own folder and, on PostgreSQL, its own database. Where this role may not create a
database it uses SQLite.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zlib import crc32

import psycopg
import structlog
from django.conf import settings
from django.db import connection, transaction
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from common import audit
from common.clock import now
from common.errors import Refusal
from common.ids import uuid7
from common.tasks import task
from operations.backups import QUEUE
from operations.backups.create import NO_KEY
from operations.backups.storage import fetch_backup, parse_file_name, scratch_folder
from operations.bootstrap import listen
from operations.models import Backup

logger = structlog.get_logger(__name__)

DRILL_LOCK = 0x6472696C6C  # an arbitrary number, the same in every process: "drill"
SCRATCH_SETTINGS = dict.fromkeys(("STORAGE_URL", "BACKUP_URL", "REDIS_URL", "ACCEL_REDIRECT"), "")
SCRATCH_SETTINGS |= {"HOST": "127.0.0.1", "WORKERS": "1", "BACKUP_EVERY_HOURS": "0", "LOG_LEVEL": "WARNING"}


@task(queue_name=QUEUE)
def drill_newest() -> None:
    """Verify the newest backup. Safe to repeat. If it cannot be fetched, its row says so."""
    with suppress(OSError):
        drill_backup()


@transaction.atomic
def request_drill(actor: User | None = None) -> None:
    """Queue a drill of the newest backup, once. Without an actor it is a scheduled one. Refuses `conflict` if there is
    no backup, or no key."""
    if not settings.BACKUP_KEY:
        raise Refusal("conflict", NO_KEY)
    if not Backup.objects.there().exists():
        raise Refusal("conflict", "There is no backup to verify yet. Make one first.")
    # A drill that is running may be verifying an older backup than the one the actor sees.
    drills = DBTaskResult.objects.filter(task_path=drill_newest.module_path)
    if not drills.filter(status__in=["READY"] if actor else ["READY", "RUNNING"]).exists():
        drill_newest.enqueue()
    if actor:
        audit.record("backup.prove", actor_id=actor.id, subject="backup")


def drill_backup(name: str = "") -> Backup:
    """Restore a backup (the one of this name, or the newest) into a scratch installation. The copy at `BACKUP_URL` is
    preferred.

    Returns its row, which holds the result. Raises `NoBackup`, and `OSError` if `BACKUP_URL` does not respond, which
    the row says too.
    """
    try:
        return _drill(name)
    except OSError as error:
        failed = Backup.objects.there().filter(**({"name": name} if name else {})).first()
        if failed:
            _save_result(failed, None, str(error))
        raise


def _drill(name: str) -> Backup:
    with fetch_backup(name, prefers_remote=True) as archive, scratch_folder("drill") as folder:
        began = time.monotonic()
        result = _restore(archive, folder)
        seconds = time.monotonic() - began
    backup = _get_or_create_row(archive.name)
    is_verified = result.returncode == 0
    output = (result.stdout if is_verified else result.stderr).strip()
    _save_result(backup, round(seconds, 1), output, is_verified=is_verified)
    return backup


def _save_result(backup: Backup, seconds: float | None, result: str, *, is_verified: bool = False) -> None:
    backup.drilled_at, backup.drill_seconds, backup.drill_result = now(), seconds, result[-2000:]
    if is_verified:
        backup.proved_at = backup.drilled_at
        logger.info("backup_proved", name=backup.name, seconds=seconds)
    else:
        logger.error("backup_drill_failed", name=backup.name, reason=backup.drill_result)
    backup.save(update_fields=["drilled_at", "drill_seconds", "drill_result", "proved_at"])


def _restore(archive: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    with _scratch_database() as url, listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        sock.close()
        env = {**os.environ, **SCRATCH_SETTINGS, "BACKUP_KEY": settings.BACKUP_KEY, "PORT": str(port)}
        env |= {"DATA_DIR": str(folder), "DATABASE_URL": url, "STATIC_ROOT": str(folder / "static")}
        child = [sys.executable, "-m", "common.child_process", str(os.getpid())]
        command = [*child, "manage.py", "restore", str(archive)]
        return subprocess.run(  # noqa: S603 - our own
            command, env=env, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
        )


@contextmanager
def _scratch_database() -> Iterator[str]:
    """The URL of an empty database; "" means SQLite in the scratch folder."""
    if connection.vendor != "postgresql":
        yield ""
        return
    main = connection.settings_dict["NAME"]
    if len(main) > 40:  # with the rest, a name may have 63 bytes
        main = f"{main[:31]}_{crc32(main.encode()):08x}"
    name = f"{main}_drill_"
    parameters = {**connection.get_connection_params(), "autocommit": True}
    parameters = {key: value for key, value in parameters.items() if key not in ("cursor_factory", "context")}
    with psycopg.connect(**parameters) as postgres:
        _drop_leftovers(postgres, name)
        name += uuid7().hex[-8:]
        try:
            postgres.execute(f'CREATE DATABASE "{name}"')
        except psycopg.errors.InsufficientPrivilege:
            logger.warning("backup_drill_on_sqlite", reason="this role may not create databases")
            yield ""
            return
        try:
            yield urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
        finally:
            postgres.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _drop_leftovers(postgres: "psycopg.Connection[Any]", prefix: str) -> None:
    """Drop the databases of killed drills, unless another drill is running, which may be between two connections to
    its own. A lock tells, which ends with the session that holds it. This one goes on with a share in it."""
    leftovers = "SELECT datname FROM pg_database WHERE left(datname, -8) = %s AND right(datname, 8) ~ '^[0-9a-f]{8}$'"
    is_only = postgres.execute("SELECT pg_try_advisory_lock(%s)", [DRILL_LOCK]).fetchone() == (True,)
    if is_only:
        for (leftover,) in postgres.execute(leftovers, [prefix]):
            with suppress(psycopg.errors.InsufficientPrivilege):  # an administrator is looking at it
                postgres.execute(f'DROP DATABASE IF EXISTS "{leftover}" WITH (FORCE)')
    postgres.execute("SELECT pg_advisory_lock_shared(%s)", [DRILL_LOCK])
    if is_only:
        postgres.execute("SELECT pg_advisory_unlock(%s)", [DRILL_LOCK])


def _get_or_create_row(name: str) -> Backup:
    """The row of a backup; a new one if the backup is older than this database."""
    id_, moment = parse_file_name(name)
    row = {"status": Backup.Status.DONE, "name": name, "progress": 100, "created_at": moment, "finished_at": moment}
    path = settings.BACKUP_FOLDER / name
    size = path.stat().st_size if path.exists() else 0
    return Backup.objects.get_or_create(id=id_, defaults={**row, "size": size})[0]
