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
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import structlog

from media.job import Unfit
from media.limits import MEGABYTE
from media.turns import Turns

log = structlog.get_logger(__name__)

AT_ONCE = 2
PATIENCE = 20.0
"""Seconds that one waits for a place before being refused: as long as both may be taken by others' largest pictures."""
ROOT = Path(__file__).resolve().parent.parent
ANSWER, COMPLAINTS = "answer.json", "complaints.txt"
TIMED_OUT = -signal.SIGKILL

_places = Turns(AT_ONCE)


class Limits(NamedTuple):
    """What a job may use: bytes of memory and of any one file it writes, seconds of the processor and of the clock."""

    memory: int = 512 * MEGABYTE
    file_size: int = 64 * MEGABYTE
    cpu_seconds: int = 10
    seconds: int = 15


PICTURE = Limits(memory=330 * MEGABYTE, file_size=128 * MEGABYTE, cpu_seconds=8, seconds=9)
MODERN_PICTURE = Limits(memory=640 * MEGABYTE, file_size=128 * MEGABYTE, cpu_seconds=20, seconds=25)
"""HEIC and AVIF: their decoders hold a picture up to three times, and take their time."""
AAC = Limits(memory=430 * MEGABYTE, file_size=256 * MEGABYTE, cpu_seconds=150, seconds=200)
RECORDING = Limits(memory=430 * MEGABYTE, cpu_seconds=8, seconds=9)
"""Each has 300 MB beside the libraries that it loads."""
PACKED_PER_SECOND = 16 * MEGABYTE


def recording(size: int) -> Limits:
    """What looking into a film of so many bytes may use, and packing it anew."""
    more = size // PACKED_PER_SECOND
    return RECORDING._replace(
        file_size=max(RECORDING.file_size, size + size // 8 + 16 * MEGABYTE),
        cpu_seconds=RECORDING.cpu_seconds + more,
        seconds=RECORDING.seconds + 2 * more,
    )


@contextmanager
def run(
    job: str,
    source: Path,
    limits: Limits = Limits(),  # noqa: B008 (immutable)
    whose: Hashable | None = None,
) -> Iterator[tuple[Path, Any]]:
    """The folder with what `job` ("module:function") made of the file, and its answer. Of the places those of one
    person, `whose` the file is, take one at a time.

    Raises `Unfit` when the job says so (its word), or dies or goes beyond a limit (`failed`). Refuses `unavailable`
    when others keep all places busy, or too many of this person's wait.
    """
    with tempfile.TemporaryDirectory(prefix="chat-job-") as name:
        folder = Path(name)
        with _place(whose):
            code = _child(job, source, folder, limits)
        yield folder, _answer(job, folder, code)


def _place(whose: Hashable | None = None) -> AbstractContextManager[None]:
    return _places.turn(object() if whose is None else whose, PATIENCE)


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
