"""Progress of background work, saved to its row."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from django.db import DatabaseError, connections

logger = structlog.get_logger(__name__)


class Progress(threading.Thread):
    """Calls `save` with the percentage once a second, and `on_report` with each report.

    `save` runs in a thread with its own connection: SQLite refuses to write on a connection that is reading while
    others write.
    """

    def __init__(self, save: Callable[[int], object], on_report: Callable[[int], None] = lambda percent: None) -> None:
        super().__init__(name="progress", daemon=True)
        self._save, self._on_report = save, on_report
        self._percent = 0
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        self.join()

    def report(self, percent: int) -> None:
        """Report the percentage done."""
        self._percent = percent
        self._on_report(percent)

    def run(self) -> None:
        while not self._stopping.wait(1):
            try:
                self._save(self._percent)
            except DatabaseError as error:
                logger.warning("progress_lost", reason=type(error).__name__)
        connections.close_all()
