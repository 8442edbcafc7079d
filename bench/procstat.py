"""What a process tree has used, read from /proc."""

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
KIB_PER_PAGE = os.sysconf("SC_PAGE_SIZE") // 1024


def living() -> list[int]:
    """Every process that can be seen."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third ("state") on."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def tree(root: int) -> list[int]:
    """`root` and its descendants that live now."""
    children = defaultdict(list)
    for pid in living():
        with suppress(OSError):
            children[int(stat(pid)[1])].append(pid)
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children[found[-1]]
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time of the trees so far. What a process did before it died is not in it."""
    ticks = 0
    for pid in (pid for root in roots for pid in tree(root)):
        with suppress(OSError):
            ticks += sum(map(int, stat(pid)[11:13]))
    return ticks / TICKS_PER_SECOND


def thread_seconds(pid: int, names: tuple[str, ...]) -> float:
    """User and system time of the threads of a process whose names begin so."""
    ticks = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            head, rest = (task / "stat").read_text().rsplit(")", 1)
            if head.split("(", 1)[1].startswith(names):
                ticks += sum(map(int, rest.split()[11:13]))
    return ticks / TICKS_PER_SECOND


def rss_kib(root: int) -> int:
    """Resident memory of the tree; a page that two processes share counts twice."""
    pages = 0
    for pid in tree(root):
        with suppress(OSError):
            pages += int(stat(pid)[21])
    return pages * KIB_PER_PAGE


def postgres_backends(database: str) -> list[int]:
    """The PostgreSQL processes of this machine that serve connections to a database."""
    found = []
    for pid in living():
        with suppress(OSError):
            title = Path(f"/proc/{pid}/cmdline").read_text()
            if title.startswith("postgres: ") and f" {database} " in title:
                found.append(pid)
    return found


def postgres_seconds(database: str) -> float:
    """CPU time of the processes that serve connections to a database; 0 without a database.

    By the scheduler's nanoseconds: of many processes that did a little each, whole ticks would lose most.
    """
    nanoseconds = 0
    for pid in postgres_backends(database) if database else []:
        with suppress(OSError):
            nanoseconds += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    return nanoseconds / 1e9
