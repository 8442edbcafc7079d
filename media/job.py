"""The process inside the sandbox. Nothing here may import Django or anything that needs it."""

import importlib
import json
import resource
import signal
import sys

from common.child_process import die_with_parent


class UnusableFile(Exception):
    """The file cannot be used; `reason` is a single word."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def main() -> None:
    """Arguments: `parent job memory file_size cpu_seconds seconds`. Limits this process, runs the job with the file on
    standard input, and prints its result."""
    parent, job, *limits = sys.argv[1:]
    die_with_parent(int(parent))
    _limit(*map(int, limits))
    module, _, name = job.partition(":")
    run = getattr(importlib.import_module(module), name)
    try:
        answer = run(sys.stdin.buffer)
    except UnusableFile as unfit:
        answer = {"unfit": unfit.reason}
    json.dump(answer, sys.stdout)


def _limit(memory: int, file_size: int, cpu_seconds: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    signal.alarm(seconds + 1)  # in case the server, which normally enforces the time limit, is too busy for it
