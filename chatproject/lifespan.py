"""What starts and stops with a serving process: the hub, the heartbeat, the worker's thread, the parent watch."""

import asyncio
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings
from django.urls import get_resolver

from common.stopping import on_stop
from messaging.realtime import runtime as realtime
from operations.heartbeat import ProcessHeartbeat
from operations.worker import ChatWorker

logger = structlog.get_logger(__name__)
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Lifespan:
    """The ASGI lifespan of a serving process."""

    def __init__(self) -> None:
        self._worker: ChatWorker | None = None
        self._heartbeat = ProcessHeartbeat()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await self._start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        _exit_with_parent()
        _ignore_second_interrupt()
        load_and_freeze()
        _share_the_interpreter()
        await realtime.start()
        self._heartbeat.start()
        logger.info("started", pid=os.getpid())
        if not settings.REDIS_URL:
            # Another process could not reach the sockets here, so the worker is a thread.
            self._worker = ChatWorker()
            self._worker.start()

    async def _stop(self) -> None:
        await asyncio.to_thread(self._heartbeat.stop)
        if self._worker:
            await asyncio.to_thread(self._worker.stop)
        await realtime.stop()
        logger.info("stopped", pid=os.getpid())


def load_and_freeze() -> None:
    """Load every view, so that the first request is not slow. Then exempt what is loaded from garbage collection: a
    full collection holds up every socket for as long as it takes."""
    get_resolver().url_patterns  # noqa: B018
    gc.collect()
    gc.freeze()


def _share_the_interpreter() -> None:
    """Keep the loop and the writer from waiting long for other threads. Each of their steps may have to wait for one
    that reads, by default for 5 ms. The collector looks at what is being read over and over, because it begins anew
    after 700 objects, and a history has tens of thousands."""
    sys.setswitchinterval(0.0005)
    gc.set_threshold(10_000, 10, 10)


def _ignore_second_interrupt() -> None:
    """A second Ctrl-C makes uvicorn abort with a traceback. Stopping takes seconds at most, so let it finish. Closing
    the terminal, which would kill the process at once, now stops it properly too."""
    stop = signal.getsignal(signal.SIGTERM)
    if callable(stop):
        on_stop(lambda _, frame: stop(signal.SIGTERM, frame))


def _exit_with_parent() -> None:
    """One of several serving processes must not outlive its supervisor: it would hold the port."""
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_wait_for_parent, args=(parent,), daemon=True, name="parent-watch").start()


def _wait_for_parent(parent: Any) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
