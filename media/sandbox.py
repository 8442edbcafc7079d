"""Where the files of strangers are read: a process of its own for each, with little memory and little time.

    with sandbox.run("media.pictures:squares", path) as (folder, answer):
        ...  # the files that the job wrote are in `folder` until here, what it returned is `answer`

A job is a function that gets the open file, writes into the working directory and returns what JSON can hold. Its
module must not need Django: a child starts in some 40 ms, and it is given nothing that it could tell.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import structlog

from chatproject.common.errors import Refusal
from media.job import Unfit
from media.limits import MEGABYTE

log = structlog.get_logger(__name__)

AT_ONCE = 2
PATIENCE = 2.0
"""Seconds that one waits for a place before being refused."""
ROOT = Path(__file__).resolve().parent.parent
ANSWER, COMPLAINTS = "answer.json", "complaints.txt"
TIMED_OUT = -signal.SIGKILL

_places = threading.BoundedSemaphore(AT_ONCE)


class Limits(NamedTuple):
    """What a job may use: bytes of memory and of any one file it writes, seconds of the processor and of the clock."""

    memory: int = 512 * MEGABYTE
    file_size: int = 64 * MEGABYTE
    cpu_seconds: int = 10
    seconds: int = 15


PICTURE = Limits(memory=330 * MEGABYTE, file_size=128 * MEGABYTE, cpu_seconds=8, seconds=9)
RECORDING = Limits(memory=430 * MEGABYTE, cpu_seconds=8, seconds=9)
"""Each has 300 MB beside the libraries that it loads."""


@contextmanager
def run(job: str, source: Path, limits: Limits = Limits()) -> Iterator[tuple[Path, Any]]:  # noqa: B008 (immutable)
    """The folder with what `job` ("module:function") made of the file, and its answer.

    Raises `Unfit` when the job says so (its word), or dies or goes beyond a limit (`failed`). Refuses `unavailable`
    when others keep all places busy.
    """
    with tempfile.TemporaryDirectory(prefix="chat-job-") as name:
        folder = Path(name)
        with _place():
            code = _child(job, source, folder, limits)
        yield folder, _answer(job, folder, code)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=PATIENCE):
        raise Refusal("unavailable", retry_after=1)
    try:
        yield
    finally:
        _places.release()


def _child(job: str, source: Path, folder: Path, limits: Limits) -> int:
    """Run the job to its end, or to its limit, and return the exit code. The child sets its limits itself before it
    looks at the file: whatever runs between fork and exec is not safe in a process with threads."""
    with (
        source.open("rb") as file,
        (folder / ANSWER).open("wb") as answer,
        (folder / COMPLAINTS).open("wb") as complaints,
    ):
        process = subprocess.Popen(  # noqa: S603 (nothing in it comes from outside)
            [sys.executable, "-BPs", "-c", "from media.job import main; main()", job, *map(str, limits)],
            stdin=file,
            stdout=answer,
            stderr=complaints,
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
            start_new_session=True,
        )
    try:
        return process.wait(limits.seconds)
    except subprocess.TimeoutExpired:
        return TIMED_OUT
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answer(job: str, folder: Path, code: int) -> Any:
    if code:
        complaints = (folder / COMPLAINTS).read_text(errors="replace").splitlines()
        log.warning("job_failed", job=job, exit_code=code, reason=complaints[-1][:200] if complaints else "")
        raise Unfit("failed")
    answer = msgspec.json.decode((folder / ANSWER).read_bytes())
    if reason := answer.get("unfit"):
        raise Unfit(reason)
    return answer
