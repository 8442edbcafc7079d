"""Progress bars of commands, in per cent. Without a terminal there are none."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tqdm import tqdm

from chatproject.snapshot.taking import Report


@contextmanager
def bar(stream: Any, name: str) -> Iterator[Report]:
    """A bar, as long as something goes on; it is moved by whoever says how many per cent are done."""
    with tqdm(total=100, desc=name, unit="%", file=stream, disable=None) as shown:
        yield lambda percent: shown.update(percent - shown.n) and None


class Stages:
    """One bar below the other: `stages("Opening")` ends the bar before."""

    def __init__(self, stream: Any, stack: ExitStack) -> None:
        self._stream, self._stack = stream, stack

    def __call__(self, name: str) -> Report:
        self._stack.close()
        return self._stack.enter_context(bar(self._stream, name))
