"""The background worker as a process beside the server."""

import os
import socket
from typing import Any

import django
import structlog

from chatproject import forking

logger = structlog.get_logger(__name__)

STOP_SECONDS = 12
"""Longer than a worker waits for its threads."""


class WorkerProcess:
    """Runs from its making until `stop`. Whoever supervises calls `keep_alive` twice a second."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._start(forking.CONTEXT)

    def keep_alive(self, context: Any) -> None:
        """Start it again if it has died; how says the `multiprocessing` context."""
        if not self._process.is_alive():
            logger.warning("worker_died", code=self._process.exitcode)
            self._start(context)

    def stop(self) -> None:
        self._process.terminate()
        self._process.join(STOP_SECONDS)
        self._process.kill()

    def _start(self, context: Any) -> None:
        copied = None if context is forking.ANEW else self._sock
        process = context.Process(target=work, args=(copied, os.getpid()))
        forking.start(process)
        self._process = process


def work(sock: socket.socket | None, parent: int) -> None:
    """Be the worker of the process `parent`, perhaps as its copy, which has its `sock`, too."""
    if sock:
        sock.close()  # this copy would keep the port open when the server closes it
    os.setpgrp()  # so that Ctrl-C reaches only the server, which then stops this process
    forking.begin("chat-worker")
    django.setup()
    from operations.worker import run_worker

    run_worker(parent)
