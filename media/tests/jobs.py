"""Jobs that exceed each limit."""

import os
import subprocess
import sys
import time
from pathlib import Path


def look_around(file):
    """What a job can see of the server."""
    descriptors = [path for path in list(Path("/proc/self/fd").iterdir()) if path.exists()]
    return {
        "content": file.read().decode(),
        "environment": sorted(os.environ),
        "folder": str(Path.cwd()),
        "descriptors": len(descriptors),
        "has_django": "django" in sys.modules,
    }


def take_memory(file):
    return {"size": len(bytearray(2 * 1024**3))}


def take_memory_slowly(file):
    taken = []
    while True:
        taken.append(bytearray(1024**2))


def loop(file):
    while True:
        pass


def sleep(file):
    """With a child of its own, which holds on to the output."""
    subprocess.Popen([sys.executable, "-c", f"import time; time.sleep(60) # {file.read().decode()}"])
    time.sleep(60)


def fill_the_disk(file):
    with Path("large").open("wb") as large:
        while True:
            large.write(b"x" * 1024**2)


def crash(file):
    os.abort()


def stumble(file):
    raise ZeroDivisionError("over a stone")


def think(file):
    time.sleep(0.5)
    return {}


def wait(file):
    """Until it is killed."""
    Path("begun").touch()
    time.sleep(60)
