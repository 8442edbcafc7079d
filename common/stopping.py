"""Whether this process is on its way out: it still answers, but nobody should be sent to it any more. And what it is
told so by."""

import signal
import threading
from typing import Any

stopping = threading.Event()


def on_stop(handler: Any) -> None:
    """Do this at Ctrl-C, when told to stop, and when the terminal is closed, unless `nohup` wants none of that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)
