"""Real threads for races."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from chatproject.common.errors import Refusal


def at_once(count: int, deed: Callable[[], Any]) -> list[Any]:
    """What `deed` returns, or the code it was refused with, in `count` threads that begin together."""
    start = threading.Barrier(count)

    def run(_: int) -> Any:
        start.wait()
        try:
            return deed()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))
