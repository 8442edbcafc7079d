"""How far something is that is made in the background, for whoever looks at its row."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from django.db import DatabaseError, connections

log = structlog.get_logger(__name__)


class Progress(threading.Thread):
    """Calls `write` with the per cent once a second, and `told` whenever it is reported. In a thread, because of its
    connection: SQLite refuses writes on one that is reading while others write."""

    def __init__(self, write: Callable[[int], object], told: Callable[[int], None] = lambda percent: None) -> None:
        super().__init__(name="progress", daemon=True)
        self._write, self._told = write, told
        self._percent = 0
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        self.join()

    def report(self, percent: int) -> None:
        """So many per cent are there now."""
        self._percent = percent
        self._told(percent)

    def run(self) -> None:
        while not self._stopping.wait(1):
            try:
                self._write(self._percent)
            except DatabaseError as error:
                log.warning("progress_lost", reason=type(error).__name__)
        connections.close_all()
