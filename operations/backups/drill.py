"""Proving a backup: the very command that would restore it in earnest restores it elsewhere, and compares every row.

Elsewhere is a folder of its own and, on PostgreSQL, a database of its own; where none may be made, SQLite.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import structlog
from django.conf import settings
from django.db import connection, transaction
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from chatproject.backups import keeping
from chatproject.backups.making import NO_KEY, QUEUE
from chatproject.common import audit
from chatproject.common.clock import now
from chatproject.common.errors import Refusal
from chatproject.common.ids import uuid7
from chatproject.common.tasks import task
from chatproject.models import Backup
from chatproject.server import listen

log = structlog.get_logger(__name__)

ELSEWHERE = dict.fromkeys(("STORAGE_URL", "BACKUP_URL", "REDIS_URL", "ACCEL_REDIRECT"), "")
ELSEWHERE |= {"HOST": "127.0.0.1", "WORKERS": "1", "BACKUP_EVERY_HOURS": "0", "LOG_LEVEL": "WARNING"}


@task(queue_name=QUEUE)
def drill_newest() -> None:
    """Prove the newest backup. Repeating it is harmless. One that cannot be fetched is not proved; its row says so."""
    with suppress(OSError):
        drill()


@transaction.atomic
def request_drill(actor: User | None = None) -> None:
    """Have the newest backup proved in the background, once. Without an actor it is time for it. Refuses `conflict`
    where there is none, or no key."""
    if not settings.BACKUP_KEY:
        raise Refusal("conflict", NO_KEY)
    if not Backup.objects.there().exists():
        raise Refusal("conflict", "There is no backup yet that could be proved.")
    # One that runs may be at an older backup than an actor sees.
    going = DBTaskResult.objects.filter(task_path=f"{__name__}.drill_newest")
    if not going.filter(status__in=["READY"] if actor else ["READY", "RUNNING"]).exists():
        drill_newest.enqueue()
    if actor:
        audit.record("backup.prove", actor_id=actor.id, subject="backup")


def drill(name: str = "") -> Backup:
    """Restore a backup elsewhere: of this name, or the newest, from `BACKUP_URL` if it is there. Returns its row, which
    says how that went. Raises `NoBackup`, and `OSError` when `BACKUP_URL` does not answer, which its row says too."""
    try:
        return _drill(name)
    except OSError as error:
        failed = Backup.objects.there().filter(**({"name": name} if name else {})).first()
        if failed:
            _settle(failed, None, str(error))
        raise


def _drill(name: str) -> Backup:
    with keeping.fetched(name, prefers_far=True) as archive, keeping.scratch("drill") as folder:
        began = time.monotonic()
        result = _restore(archive, folder)
        seconds = time.monotonic() - began
    backup = _row_of(archive.name)
    is_proved = result.returncode == 0
    _settle(backup, round(seconds, 1), (result.stdout if is_proved else result.stderr).strip(), is_proved=is_proved)
    return backup


def _settle(backup: Backup, seconds: float | None, result: str, *, is_proved: bool = False) -> None:
    """Write down how a drill went."""
    backup.drilled_at, backup.drill_seconds, backup.drill_result = now(), seconds, result[-2000:]
    if is_proved:
        backup.proved_at = backup.drilled_at
        log.info("backup_proved", name=backup.name, seconds=seconds)
    else:
        log.error("backup_drill_failed", name=backup.name, reason=backup.drill_result)
    backup.save(update_fields=["drilled_at", "drill_seconds", "drill_result", "proved_at"])


def _restore(archive: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    with _database() as url, listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
        free.close()
        env = {**os.environ, **ELSEWHERE, "BACKUP_KEY": settings.BACKUP_KEY, "PORT": str(port)}
        env |= {"DATA_DIR": str(folder), "DATABASE_URL": url, "STATIC_ROOT": str(folder / "static")}
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "restore", str(archive)]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own


@contextmanager
def _database() -> Iterator[str]:
    """The address of an empty database; "" stands for SQLite in the folder."""
    if connection.vendor != "postgresql":
        yield ""
        return
    name = f"{connection.settings_dict['NAME'][:40]}_drill_"
    parameters = {**connection.get_connection_params(), "autocommit": True}
    parameters = {key: value for key, value in parameters.items() if key not in ("cursor_factory", "context")}
    with psycopg.connect(**parameters) as postgres:
        for (leftover,) in postgres.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name]):
            with suppress(psycopg.errors.ObjectInUse):
                postgres.execute(f'DROP DATABASE IF EXISTS "{leftover}"')
        name += uuid7().hex[-8:]
        try:
            postgres.execute(f'CREATE DATABASE "{name}"')
        except psycopg.errors.InsufficientPrivilege:
            log.warning("backup_drill_on_sqlite", reason="this role may not make databases")
            yield ""
            return
        try:
            yield urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
        finally:
            postgres.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _row_of(name: str) -> Backup:
    """Its row; a new one when the backup is older than the database."""
    id_, moment = keeping.id_and_time(name)
    row = {"status": Backup.Status.DONE, "name": name, "progress": 100, "created_at": moment, "finished_at": moment}
    path = settings.BACKUP_FOLDER / name
    size = path.stat().st_size if path.exists() else 0
    return Backup.objects.get_or_create(id=id_, defaults={**row, "size": size})[0]
