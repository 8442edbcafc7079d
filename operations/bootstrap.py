"""Steps before serving, and before commands that need the installation to themselves: the port, the database and its
schema."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from common.database import DatabaseUnreachable, wait_for_database

BACKLOG = 2048
MIGRATION_LOCK = 0x63686174  # an arbitrary number, the same in every process: "chat"


class CannotStart(Exception):
    """The server cannot start. The message is a sentence for the person at the terminal."""


def bind_port(host: str, port: int) -> socket.socket:
    """A socket bound to the port, but not listening yet: until the server is ready, a proxy is refused and tries
    another host. Raises `CannotStart`."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, proto)
    except (OSError, UnicodeError) as error:
        raise CannotStart(f"HOST={host} is not an address of this machine: {error}.") from None
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.set_inheritable(True)
    try:
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise CannotStart(_explain(error, host, port)) from None
    return sock


def listen(host: str, port: int) -> socket.socket:
    """A socket listening on the port, so that no server can start meanwhile. Raises `CannotStart`."""
    sock = bind_port(host, port)
    try:
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise CannotStart(_explain(error, host, port)) from None
    return sock


@contextmanager
def data_dir_lock() -> Iterator[None]:
    """Let only one process at a time prepare `DATA_DIR`, if its file system supports locks."""
    folder = os.open(settings.DATA_DIR, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _explain(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is taken by another program. Stop it, or set PORT to a free port."
        case errno.EACCES:
            return f"This user may not use port {port}. Set PORT to a number above 1023."
        case errno.EADDRNOTAVAIL:
            return f"HOST={host} is not an address of this machine. Set HOST to 127.0.0.1 or 0.0.0.0."
    return f"Port {port} on {host} cannot be opened: {error.strerror}."


def reach_database() -> None:
    """Wait for PostgreSQL. Raises `CannotStart` if it does not answer in time."""
    try:
        wait_for_database()
    except DatabaseUnreachable as reason:
        raise CannotStart(str(reason)) from None


def migrate() -> None:
    """Migrate the database. If several servers start at once on PostgreSQL, one migrates and the others wait."""
    with _migration_lock():
        if not is_migrated():
            call_command("migrate", interactive=False, verbosity=0)


def is_migrated() -> bool:
    """Whether the schema is up to date."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


@contextmanager
def _migration_lock() -> Iterator[None]:
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
