"""What starts and stops with a serving process: the worker's thread, and the watch over the parent."""

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings
from django.urls import get_resolver

from chatproject.pulse import Pulse
from chatproject.stopping import on_stop
from chatproject.worker import ChatWorker
from messaging import realtime

log = structlog.get_logger(__name__)
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Lifespan:
    """The ASGI lifespan of a serving process."""

    def __init__(self) -> None:
        self._worker: ChatWorker | None = None
        self._pulse = Pulse()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await self._start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        _die_with_parent()
        _be_patient()
        _settle()
        await realtime.start()
        self._pulse.start()
        log.info("started", pid=os.getpid())
        if not settings.REDIS_URL:
            # Another process could not reach the sockets here: the worker is a thread.
            self._worker = ChatWorker()
            self._worker.start()

    async def _stop(self) -> None:
        await asyncio.to_thread(self._pulse.stop)
        if self._worker:
            await asyncio.to_thread(self._worker.stop)
        await realtime.stop()
        log.info("stopped", pid=os.getpid())


def _settle() -> None:
    """Loads every view, so that the first request need not; and takes what is loaded, which is never garbage, out of
    what the collector goes through: a full collection holds up every socket for as long as it takes."""
    get_resolver().url_patterns  # noqa: B018
    gc.collect()
    gc.freeze()


def _be_patient() -> None:
    """uvicorn breaks off at a second Ctrl-C, with a traceback. Stopping takes seconds at most, so it may finish. And it
    leaves to the system what a closed terminal does, which ends a process at once."""
    stop = signal.getsignal(signal.SIGTERM)
    if callable(stop):
        on_stop(lambda _, frame: stop(signal.SIGTERM, frame))


def _die_with_parent() -> None:
    """One of several serving processes must not outlive the one that keeps them: it would hold the port."""
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_watch, args=(parent,), daemon=True, name="parent-watch").start()


def _watch(parent: Any) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
