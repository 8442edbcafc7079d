"""Starting servers as real processes, on a core of their own."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STARTING = 60  # seconds


@dataclass(frozen=True)
class Server:
    """A server that can be started."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    program: str = sys.executable
    speaks: str = "room"
    """Which of `bench.adapters` talks to it."""
    people: Path | None = None
    """The folder with a file for each cast, if the server has to know them."""
    database: str = ""
    """The name of its PostgreSQL database, whose CPU counts, too."""
    reads: str = ""
    """What `readers` clients ask for, each as soon as it has its answer, while the scene plays."""
    readers: int = 0
    is_pinned: bool = True
    """To one core, which is how most scenes compare; several processes have all of them."""


PICOWS = Server("picows", ("-m", "bench.peers.picows_room"))
FASTAPI = Server("FastAPI tutorial room", ("-m", "bench.peers.fastapi_room"))
SOCKET_IO = "socket.io + PostgreSQL"
CEILING = "ceiling"


@contextmanager
def running(server: Server, cores: set[int], log: Path) -> Iterator[tuple[int, int]]:
    """The server's process id and port, once it answers. Raises RuntimeError, with its last words, if it does not."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [server.program, *server.command],
            cwd=ROOT,
            env={**os.environ, "PORT": str(port), **server.environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
    try:
        if not answers(process, port):
            raise RuntimeError(f"{server.name} did not start:\n{log.read_text()[-2000:]}")
        yield process.pid, port
    finally:
        stop(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until there is an HTTP answer, whatever it says; False when the process ends or takes too long."""
    until = time.monotonic() + STARTING
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=2)
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
