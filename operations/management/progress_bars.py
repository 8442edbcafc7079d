"""Progress bars for commands, in per cent. They are hidden if the output is not a terminal."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tqdm import tqdm

from operations.snapshot.write import ReportProgress


@contextmanager
def progress_bar(stream: Any, name: str) -> Iterator[ReportProgress]:
    """Show a bar, and yield the function that moves it to a percentage."""
    with tqdm(total=100, desc=name, unit="%", file=stream, disable=None) as shown:
        yield lambda percent: shown.update(percent - shown.n) and None


class Stages:
    """One bar below the other: `stages("Opening")` ends the previous bar."""

    def __init__(self, stream: Any, stack: ExitStack) -> None:
        self._stream, self._stack = stream, stack

    def __call__(self, name: str) -> ReportProgress:
        self._stack.close()
        return self._stack.enter_context(progress_bar(self._stream, name))
