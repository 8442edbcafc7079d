"""Running the server: static files, the processes behind the port, and the background worker."""

import hashlib
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from chatproject import forking, page_files, supervisor
from chatproject.worker_process import WorkerProcess
from common.stopping import on_stop
from operations.bootstrap import BACKLOG, CannotStart, listen

NOT_SERVED = ["*.test.js", "fakes.js", "package.json", "*.md"]


def collect_static() -> None:
    """Collect the static files if any source file has changed since the last time."""
    digest = hashlib.sha256(page_files.bundler().encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path} {status.st_mtime_ns} {status.st_size}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=NOT_SERVED)
        stamp.write_text(digest.hexdigest())


def run(sock: socket.socket, *, workers: int, own_worker: bool, welcome: Callable[[], None]) -> None:
    """Serve until stopped, then return. Raises `CannotStart` if the application fails to start.

    `own_worker`: run the background worker as a child process. `welcome` is called once the port is listening.
    """
    config = uvicorn.Config(
        "chatproject.asgi:application",
        loop="uvloop",
        http="chatproject.head_guard:GuardedProtocol",
        ws="messaging.realtime.transport:FrameProtocol",
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
    forking.prepare()
    worker = WorkerProcess(sock) if own_worker else None
    try:
        failed = supervisor.run(config, sock, welcome, keep_alive=worker.keep_alive if worker else None)
        on_stop(signal.SIG_IGN)
    finally:
        if worker:
            worker.stop()
    if failed:
        listen(settings.HOST, settings.PORT).close()  # raises if another server has taken the port meanwhile
        raise CannotStart("The application did not start. The lines above say why.")
