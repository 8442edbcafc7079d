"""Processes of `manage.py` that begin with the libraries imported: most of the processor's time that a start takes.

A process beside the tests imports the libraries, and nothing of ours, and forks for each that is wanted. The fork gets
its arguments, environment and streams, reads its settings and runs `manage.py` from the first line to the last, as a
child of the tests:

    with Warm([sys.executable, "manage.py", "check"], env=env, cwd=ROOT, stdout=PIPE) as process: ...

Linux only, where a process may adopt what its descendants leave (`PR_SET_CHILD_SUBREAPER`).
"""

import atexit
import ctypes
import gc
import importlib
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parents[2]
PR_SET_CHILD_SUBREAPER = 36
LIBRARIES = [
    "asyncio",
    "concurrent.futures.thread",
    "multiprocessing.spawn",
    "sqlite3",
    "email.mime.multipart",
    "smtplib",
    "django.contrib.admin.options",
    "django.contrib.admin.views.main",
    "django.contrib.auth.hashers",
    "django.contrib.postgres.indexes",
    "django.contrib.postgres.search",
    "django.contrib.staticfiles.finders",
    "django.core.handlers.asgi",
    "django.core.mail.backends.smtp",
    "django.core.management",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.autodetector",
    "django.db.models",
    "django.forms",
    "django.template.loader",
    "django.views.debug",
    "django.views.generic",
    "argon2",
    "autobahn.websocket.protocol",
    "channels",
    "confusable_homoglyphs.confusables",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509",
    "django_tasks",
    "drf_spectacular.utils",
    "emoji",
    "environs",
    "filetype",
    "httptools",
    "jinja2",
    "jwt",
    "msgspec",
    "PIL.Image",
    "prometheus_client",
    "psycopg",
    "psycopg_pool",
    "pydantic",
    "redis.asyncio",
    "regex",
    "structlog.dev",
    "twisted.internet.asyncioreactor",
    "twisted.web.http",
    "unfold",
    "uvicorn.main",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "uvicorn.supervisors",
    "uvloop",
]


class Warm(subprocess.Popen[Any]):
    """A `Popen` of `python manage.py …`, which takes its `env` and its streams, and nothing else."""

    def _execute_child(self, args: list[str], *more: Any) -> None:
        env, pipes = more[5], more[9:15]
        streams = [given if given >= 0 else usual for usual, given in enumerate((pipes[0], pipes[3], pipes[5]))]
        self.pid = _nursery().fork(args[1:], env, streams)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


class Nursery:
    """The process that forks, as the tests see it."""

    def __init__(self) -> None:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"]},
                pass_fds=[theirs.fileno()],
            )

    def fork(self, arguments: list[str], env: dict[str, str], streams: list[int]) -> int:
        """Start one with these arguments and streams; its id."""
        with self._turn:
            socket.send_fds(self._channel, [json.dumps([arguments, env]).encode()], streams)
            return int(self._channel.recv(20))

    def close(self) -> None:
        self._channel.close()
        self._process.wait(10)


@cache
def _nursery() -> Nursery:
    nursery = Nursery()
    atexit.register(nursery.close)
    return nursery


def wait_for_orders(channel: socket.socket) -> tuple[list[str], dict[str, str], list[int]] | None:
    """Fork whenever one is asked for. Returns in each fork what it is to be, and in this process at the end None."""
    while True:
        asked, streams, _, _ = socket.recv_fds(channel, 1 << 20, 3)
        if not asked:
            return None
        between = os.fork()
        if not between:
            between = os.getpid()
            if os.fork():
                os._exit(0)  # so that the tests adopt the fork
            while os.getppid() == between:
                time.sleep(0.001)
            channel.send(str(os.getpid()).encode())
            channel.close()
            return *json.loads(asked), list(streams)
        os.waitpid(between, 0)
        for stream in streams:
            os.close(stream)


def become(arguments: list[str], env: dict[str, str], streams: list[int]) -> None:
    """Be `python` with these arguments, from the first line of the script to the last."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    is_unbuffered = bool(env.get("PYTHONUNBUFFERED"))
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    sys.stdout = _printing_to(1, like=sys.stdout, write_through=is_unbuffered)
    sys.stderr = _printing_to(2, like=sys.stderr, line_buffering=True)
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")


def _printing_to(number: int, like: TextIO, **how: bool) -> TextIO:
    buffer = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
    return io.TextIOWrapper(buffer, like.encoding, like.errors, **how)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    if order := wait_for_orders(socket.socket(fileno=int(sys.argv[1]))):
        become(*order)
