"""Concurrent calls in real threads."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from common.errors import Refusal


def at_once(count: int, action: Callable[[], Any]) -> list[Any]:
    """What `action` returns, or the code it was refused with, in `count` threads that begin together."""
    start = threading.Barrier(count)

    def run(_: int) -> Any:
        start.wait()
        try:
            return action()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))
