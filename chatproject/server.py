"""Starting and stopping: the port, the schema, the static files, and the processes that serve."""

import errno
import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
import uvicorn
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from chatproject import serving
from chatproject.common.database import Unreachable, wait_for_database
from chatproject.stopping import on_stop

log = structlog.get_logger(__name__)

BACKLOG = 2048
NOT_SERVED = ["*.test.js", "fakes.js", "package.json", "*.md"]
MIGRATION_LOCK = 0x63686174  # any number, the same in every process: "chat"


class CannotStart(Exception):
    """The server cannot start. The message is a sentence for the person at the terminal."""


def take_port(host: str, port: int) -> socket.socket:
    """The socket of the port, which does not listen before somebody serves: until then a proxy is refused, and asks
    another host. Raises `CannotStart`."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, proto)
    except (OSError, UnicodeError) as error:
        raise CannotStart(f"HOST={host} is not an address of this machine ({error}).") from None
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.set_inheritable(True)
    try:
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise CannotStart(_why_not(error, host, port)) from None
    return sock


def listen(host: str, port: int) -> socket.socket:
    """The same, so that no server can start beside it. Raises `CannotStart`."""
    sock = take_port(host, port)
    try:
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise CannotStart(_why_not(error, host, port)) from None
    return sock


@contextmanager
def alone() -> Iterator[None]:
    """One process at a time prepares what lies in `DATA_DIR`, where the file system can lock a folder."""
    folder = os.open(settings.DATA_DIR, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _why_not(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is taken by another program; stop it or set PORT to a free one."
        case errno.EACCES:
            return f"Port {port} needs more rights than this user has; set PORT to a number above 1023."
        case errno.EADDRNOTAVAIL:
            return f"HOST={host} is not an address of this machine; set HOST to 127.0.0.1 or 0.0.0.0."
    return f"Port {port} on {host} cannot be opened: {error.strerror}."


def reach_database() -> None:
    """Wait for PostgreSQL; raises `CannotStart` when it does not answer in time."""
    try:
        wait_for_database()
    except Unreachable as reason:
        raise CannotStart(str(reason)) from None


def migrate() -> None:
    """Bring the schema up to date; of several servers starting at once on PostgreSQL, one does it."""
    with _migration_lock():
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=0)


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


def collect_static() -> None:
    """Collect the static files when a source is newer, came or went since the last time."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path} {status.st_mtime_ns} {status.st_size}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=NOT_SERVED)
        stamp.write_text(digest.hexdigest())


def run(sock: socket.socket, *, workers: int, own_worker: bool, welcome: Callable[[], None]) -> None:
    """Serve until told to stop, then return. Raises `CannotStart` when the application fails to start.

    `own_worker`: keep the background worker as a child process. `welcome` is called when the port listens.
    """
    config = uvicorn.Config(
        "chatproject.asgi:application",
        loop="uvloop",
        http="chatproject.heads:GuardedProtocol",
        ws="messaging.transport:FrameProtocol",
        ws_max_size=65536,
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_worker_healthcheck=30,
        backlog=BACKLOG,
        workers=workers,
    )
    connections.close_all()
    with _worker_process() if own_worker else _nothing():
        failed = serving.run(config, sock, welcome)
        on_stop(signal.SIG_IGN)
    if failed:
        listen(settings.HOST, settings.PORT).close()  # says so when another server has taken it meanwhile
        raise CannotStart("The application did not start; the lines above say why.")


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _worker_process() -> Iterator[None]:
    """`manage.py worker` beside the server: started again when it dies, stopped with the server."""
    stopping = threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(stopping,), name="worker-keeper")
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join()


def _keep_worker(stopping: threading.Event) -> None:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker", f"--with={os.getpid()}"]
    while not stopping.is_set():
        # In a group of its own: Ctrl-C at the terminal is for this process, which then stops the worker.
        process = subprocess.Popen(command, process_group=0)  # noqa: S603 (our own program)
        while process.poll() is None and not stopping.wait(0.5):
            pass
        if process.returncode is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        else:
            log.warning("worker_died", code=process.returncode)
            stopping.wait(1)
