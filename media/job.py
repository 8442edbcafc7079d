"""The inside of the sandbox. Nothing here may import Django or what needs it."""

import importlib
import json
import resource
import signal
import sys


class Unfit(Exception):
    """The file cannot be used; `reason` is one word of the job's."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def main() -> None:
    """`job memory file_size cpu_seconds seconds`: limit this process, do the job with the file on standard input, and
    print its answer."""
    job, *limits = sys.argv[1:]
    _limit(*map(int, limits))
    module, _, name = job.partition(":")
    do = getattr(importlib.import_module(module), name)
    try:
        answer = do(sys.stdin.buffer)
    except Unfit as unfit:
        answer = {"unfit": unfit.reason}
    json.dump(answer, sys.stdout)


def _limit(memory: int, file_size: int, cpu_seconds: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    signal.alarm(seconds + 1)  # should the server be gone, which watches the clock otherwise
