"""What starts and stops with a serving process: the worker's thread, and the watch over the parent."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings
from django.urls import get_resolver

from chatproject.worker import ChatWorker
from messaging import realtime

log = structlog.get_logger(__name__)
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Lifespan:
    """The ASGI lifespan of a serving process."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        worker = await self._start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop(worker)
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> ChatWorker | None:
        _die_with_parent()
        get_resolver().url_patterns  # noqa: B018 (loads every view, so that the first request need not)
        await realtime.start()
        log.info("started", pid=os.getpid())
        if settings.REDIS_URL:
            return None
        # Without Redis another process could not reach the sockets here: the worker is a thread.
        worker = ChatWorker()
        worker.start()
        return worker

    async def _stop(self, worker: ChatWorker | None) -> None:
        if worker:
            await asyncio.to_thread(worker.stop)
        await realtime.stop()
        log.info("stopped", pid=os.getpid())


def _die_with_parent() -> None:
    """One of several serving processes must not outlive the one that keeps them: it would hold the port."""
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_watch, args=(parent,), daemon=True, name="parent-watch").start()


def _watch(parent: Any) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
