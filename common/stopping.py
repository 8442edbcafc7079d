"""Graceful shutdown: `stopping` is set while this process still answers but should get no new clients."""

import signal
import threading
from typing import Any

stopping = threading.Event()


def on_stop(handler: Any) -> None:
    """Call `handler` on SIGINT, SIGTERM and SIGHUP, but leave SIGHUP ignored under `nohup`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)
