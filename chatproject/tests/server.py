"""A real server for tests: `manage.py serve` as its own processes, on a free port, with its own data and database.

    with Server() as server:                       # SQLite and one process, or as the test run says (below)
        httpx.get(f"{server.url}/health/")
        code = server.code("alice@example.org")    # the newest code mailed to her
        server.kill()                              # kill -9, every process of it at once
        server.start()                             # again, on the same port and data

The database and Redis follow the test run: with `DATABASE_URL=postgres://…` in the environment each server gets a
fresh database of its own on that PostgreSQL, dropped at the end, and with `REDIS_URL` its own `REDIS_PREFIX`.
`Server(env={"DATABASE_URL": ""})` keeps to SQLite whatever the run says.

The schema is copied from the one that the test run has made once (`made.py`), and the static files are hard links to
those; `Server(bare=True)` makes its own, as on a new machine.
"""

import email
import email.policy
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from subprocess import PIPE
from typing import Any, Self

import httpx
import psutil

from chatproject.tests import canaries
from chatproject.tests.made import ROOT, Made, in_database, made, run_on

http = httpx.Client(timeout=60, verify=False, limits=httpx.Limits(max_keepalive_connections=0, max_connections=200))
"""One for all, because making one is slow; connections are not kept, because servers are killed."""


class Server:
    """A server that is not started yet; `env` adds to its settings, `workers` sets `WORKERS`.

    `url` and `ws_url` are its addresses, `data_dir` its folder, `env` its environment, `log` all it has printed.
    One `beside` another shares its data, database and Redis, as a second machine would: it needs PostgreSQL and Redis.
    `tree` is where its program is, which another commit may have made.
    """

    Process: type["subprocess.Popen[Any]"] = subprocess.Popen
    """What runs `manage.py`; tests take `warm.Warm`, which starts sooner."""

    def __init__(
        self,
        *,
        workers: int = 1,
        env: dict[str, str] | None = None,
        beside: "Server | None" = None,
        bare: bool = False,
        tree: Path = ROOT,
    ) -> None:
        self.tree = tree
        self._folder = tempfile.TemporaryDirectory(prefix="chat-", ignore_cleanup_errors=True)
        self.data_dir = Path(self._folder.name)
        self.port = free_port()
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONUNBUFFERED": "1",
            "DATA_DIR": str(self.data_dir),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "WORKERS": str(workers),
            "STOP_DELAY_SECONDS": "0",
            "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
            "REDIS_URL": os.environ.get("REDIS_URL", ""),
            "REDIS_PREFIX": f"test-{secrets.token_hex(4)}",
            "DATABASE_THREADS": "2",  # many servers share PostgreSQL's hundred connections
            "LOBBY_AUTO_JOIN": "off",  # tests bring rooms of their own
            **(env or {}),
        }
        self._postgres, self._database = "", ""
        if beside:
            self.env = {**beside.env, "PORT": str(self.port)}
            self.data_dir = beside.data_dir
        else:
            postgres = self.env["DATABASE_URL"] if self.env["DATABASE_URL"].startswith("postgres") else ""
            start = None if bare else made(postgres)
            if postgres:
                self._create_database(start)
            if start:
                shutil.copytree(start.folder / "static", self.data_dir / "static", copy_function=os.link)
                shutil.copytree(start.folder, self.data_dir, dirs_exist_ok=True, ignore=lambda *_: {"static"})
        for name in ("DATABASE_URL", "REDIS_URL"):  # empty is not unset
            if not self.env[name]:
                del self.env[name]
        self._process: subprocess.Popen[bytes] | None = None

    # --- Addresses ----------------------------------------------------------------------------------------------
    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process, "not started"
        return self._process.pid

    @property
    def log(self) -> str:
        """All that its processes have printed, since the first start."""
        return (self.data_dir / "server.log").read_text(errors="replace")

    # --- Life ---------------------------------------------------------------------------------------------------
    def start(self, timeout: float = 60) -> Self:
        """Start and wait until it is ready; raises with its log when it is not in `timeout` seconds."""
        with (self.data_dir / "server.log").open("ab") as log:
            self._process = self._popen(self.command("serve"), stdout=log, stderr=log)
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"the server did not start:\n{self.log}")
            time.sleep(0.05)
        return self

    def stop(self, signal: signal.Signals = signal.SIGTERM, timeout: float = 20) -> int:
        """Ask it to stop, and wait. Returns its exit code."""
        assert self._process, "not started"
        self._process.send_signal(signal)
        try:
            return self._process.wait(timeout)
        finally:
            self.kill()

    def kill(self) -> None:
        """`kill -9` of every process of it at once. Fine when it has stopped already."""
        if self._process is None:
            return
        for process in self.processes():
            process.suspend()  # so that none sees another die
        for process in self.processes():
            process.kill()
        self._process.wait()
        self._process = None

    def processes(self) -> list[psutil.Process]:
        """The living processes of it: the first, and its children."""
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def run(self, *args: str, input: str = "", timeout: float = 60) -> "subprocess.CompletedProcess[str]":  # noqa: A002
        """A management command with the same settings, to its end; `input` is what is typed."""
        with self._popen(self.command(*args), stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
            try:
                said, complaint = process.communicate(input, timeout)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, said, complaint)

    def command(self, *args: str) -> list[str]:
        """How a management command is called."""
        return [sys.executable, "manage.py", *args]

    def close(self) -> None:
        """Kill it and remove its database and its folder. Fails when it has logged a secret."""
        self.kill()
        leaked = canaries.found_in(self.log) if (self.data_dir / "server.log").exists() else set()
        if self._database:
            run_on(self._postgres, f'DROP DATABASE IF EXISTS "{self._database}" WITH (FORCE)')
        self._folder.cleanup()
        assert not leaked, f"secrets in the server's log: {sorted(leaked)}"

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- Mails --------------------------------------------------------------------------------------------------
    def mails(self, address: str) -> list[EmailMessage]:
        """The mails to an address, oldest first."""
        paths = sorted((self.data_dir / "mail").glob("*"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        found = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
        return [mail for mail in found if address.lower() in str(mail["To"]).lower()]

    def code(self, address: str, timeout: float = 5) -> str:
        """The code in the newest mail to an address, waiting for the mail if need be."""
        deadline = time.monotonic() + timeout
        while not (mails := self.mails(address)):
            assert time.monotonic() < deadline, f"no mail to {address}"
            time.sleep(0.05)
        match = re.search(r"\b\d{6}\b", mails[-1].get_content())
        assert match, f"no code in the mail to {address}"
        return canaries.note("code", match[0])

    # --- Within -------------------------------------------------------------------------------------------------
    def _popen(self, command: list[str], **more: Any) -> "subprocess.Popen[Any]":
        is_ours = command[:2] == [sys.executable, "manage.py"] and self.tree == ROOT
        return (self.Process if is_ours else subprocess.Popen)(command, env=self.env, cwd=self.tree, **more)

    def _answers(self) -> bool:
        try:
            return http.get(f"{self.url}/health/ready/", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def _create_database(self, start: Made | None) -> None:
        self._database = f"chat_test_{secrets.token_hex(6)}"
        self._postgres = in_database(self.env["DATABASE_URL"], "postgres")
        template = start.database if start else "template1"
        run_on(self._postgres, f'CREATE DATABASE "{self._database}" TEMPLATE "{template}"')
        self.env["DATABASE_URL"] = in_database(self._postgres, self._database)


def until(true: Callable[[], object], timeout: float = 30) -> None:
    """Wait until something is true; fails when it is not in time."""
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs or is halted. One that nobody has waited for is not alive."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


_held: dict[int, socket.socket] = {}


def free_port() -> int:
    """A port for what takes it with SO_REUSEADDR, as servers do, now or after a restart; nobody else is given it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    port = int(sock.getsockname()[1])
    _held[port] = sock
    return port


def let_go_of(port: int) -> None:
    """A port of `free_port` is for anybody again."""
    _held.pop(port).close()
