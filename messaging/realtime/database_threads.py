"""The threads that do the database work of the sockets: a bounded pool, each thread with its own connection.

Channels' default runs all of it on one thread, so that one slow query stalls every socket of the process.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections

from common.database import run_on_live_connection

P = ParamSpec("P")
T = TypeVar("T")

_pool: ThreadPoolExecutor | None = None
_lock = threading.Lock()


async def in_thread(action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run an action in the pool and wait for it without holding up the loop."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(settings.DATABASE_THREADS, thread_name_prefix="database")
    return await asyncio.get_running_loop().run_in_executor(_pool, lambda: _run(action, *args, **kwargs))


def stop_threads() -> None:
    """End the pool; its connections are closed by their threads."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool:
        size = settings.DATABASE_THREADS
        barrier = threading.Barrier(size)
        closing = [pool.submit(_close, barrier) for _ in range(size)]
        for future in closing:
            future.result()
        pool.shutdown()


def _run(action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A thread keeps its connection between actions and drops it when the database was away."""
    try:
        return run_on_live_connection(action, *args, **kwargs)
    except (OperationalError, InterfaceError):
        connection.close()
        raise


def _close(barrier: threading.Barrier) -> None:
    connections.close_all()
    barrier.wait(timeout=10)
