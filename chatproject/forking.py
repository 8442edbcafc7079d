"""Processes that begin as copies of this one: they share its memory, and have nothing to load again.

On Linux only. Elsewhere the system's libraries do not survive a fork, so the processes start anew and load everything.
"""

import multiprocessing
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import connections

ANEW: Any = multiprocessing.get_context("spawn")
CONTEXT: Any = multiprocessing.get_context("fork") if sys.platform == "linux" else ANEW
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def prepare() -> None:
    """Load what the processes share, and close what they cannot: connections, and the threads of their pools."""
    import chatproject.asgi  # noqa: F401 - it loads the whole application
    from chatproject.lifespan import load_and_freeze

    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
    load_and_freeze()  # the collector would write to the pages of whatever it looks at, which would end their sharing


def start(process: Any) -> None:
    """Start a process. Signals wait until `begin` was called in it: they would meet the handlers of this one."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def begin(name: str) -> None:
    """Be a process with this name, as `ps` and `top` show it, and without the signal handlers of another."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name)
    for number in STOP_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
