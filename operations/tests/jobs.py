"""Tasks for the tests of the worker."""

import time
from pathlib import Path

from django_tasks import task


@task()
def note(path: str, text: str) -> None:
    """Add a line to a file."""
    with Path(path).open("a") as file:
        file.write(f"{text}\n")


@task()
def fail(path: str) -> None:
    """Add a line to a file, then fail."""
    with Path(path).open("a") as file:
        file.write("tried\n")
    raise RuntimeError("as always")


@task()
def wait_for(path: str) -> None:
    """Be at it until there is such a file."""
    while not Path(path).exists():
        time.sleep(0.01)


@task()
def dawdle(seconds: float) -> None:
    """Take long."""
    time.sleep(seconds)
