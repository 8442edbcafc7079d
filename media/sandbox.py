"""The sandbox for untrusted files: each is read in a separate process with limited memory and time.

    with sandbox.run("media.pictures:squares", path) as (folder, answer):
        ...  # the job's files are in `folder` until the end of the block, its result is `answer`

A job is a function that gets the open file, writes into the working directory and returns something that JSON can hold.
Its module must not need Django: a child starts in about 40 ms, and gets no secrets that it could leak.
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
from django.conf import settings

from media.fair_slots import FairSlots
from media.job import UnusableFile
from media.limits import MEGABYTE

logger = structlog.get_logger(__name__)

MAX_CONCURRENT = 2
MAX_WAIT = 20.0
"""How many seconds to wait for a slot: as long as the largest pictures of others may occupy both."""
ROOT = Path(__file__).resolve().parent.parent
ANSWER, ERRORS = "answer.json", "errors.txt"
TIMED_OUT = -signal.SIGKILL

_slots = FairSlots(MAX_CONCURRENT)


class Limits(NamedTuple):
    """What a job may use: bytes of memory, bytes of each file it writes, seconds of CPU time and of real time."""

    memory: int = 512 * MEGABYTE
    file_size: int = 64 * MEGABYTE
    cpu_seconds: int = 10
    seconds: int = 15


PICTURE = Limits(memory=330 * MEGABYTE, file_size=128 * MEGABYTE, cpu_seconds=8, seconds=9)
MODERN_PICTURE = Limits(memory=640 * MEGABYTE, file_size=128 * MEGABYTE, cpu_seconds=20, seconds=25)
"""For HEIC and AVIF, whose decoders are slow and hold a picture up to three times."""
AAC = Limits(memory=430 * MEGABYTE, file_size=256 * MEGABYTE, cpu_seconds=150, seconds=200)
RECORDING = Limits(memory=430 * MEGABYTE, cpu_seconds=8, seconds=9)
"""Each leaves 300 MB besides the libraries that are loaded."""
BYTES_PER_SECOND = 16 * MEGABYTE


def recording(size: int) -> Limits:
    """The limits for analysing and remuxing a recording of this size."""
    more = size // BYTES_PER_SECOND
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
    owner: Hashable | None = None,
) -> Iterator[tuple[Path, Any]]:
    """Run `job` ("module:function") on the file. Yields the folder with the job's files, and its result. The jobs of
    one `owner` run one at a time.

    Raises `UnusableFile` with the job's reason, or `failed` if the job dies or exceeds a limit. Refuses `unavailable`
    if all slots stay busy or too many jobs of this owner are waiting.
    """
    with tempfile.TemporaryDirectory(prefix="job-", dir=settings.FILE_UPLOAD_TEMP_DIR) as name:
        folder = Path(name)
        with _slot(owner):
            code = _child(job, source, folder, limits)
        yield folder, _answer(job, folder, code)


def _slot(owner: Hashable | None = None) -> AbstractContextManager[None]:
    return _slots.acquire(object() if owner is None else owner, MAX_WAIT)


def _child(job: str, source: Path, folder: Path, limits: Limits) -> int:
    """Run the job to its end or its time limit, and return the exit code. The child sets its limits itself before it
    opens the file: running code between fork and exec is not safe in a process with threads."""
    with (
        source.open("rb") as file,
        (folder / ANSWER).open("wb") as answer,
        (folder / ERRORS).open("wb") as errors,
    ):
        program = [sys.executable, "-BPs", "-c", "from media.job import main; main()"]
        process = subprocess.Popen(  # noqa: S603 (no part of it comes from users)
            [*program, str(os.getpid()), job, *map(str, limits)],
            stdin=file,
            stdout=answer,
            stderr=errors,
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
        errors = (folder / ERRORS).read_text(errors="replace").splitlines()
        logger.warning("job_failed", job=job, exit_code=code, reason=errors[-1][:200] if errors else "")
        raise UnusableFile("failed")
    answer = msgspec.json.decode((folder / ANSWER).read_bytes())
    if reason := answer.get("unfit"):
        raise UnusableFile(reason)
    return answer
