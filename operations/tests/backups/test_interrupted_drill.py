"""A drill whose server is killed or stopped ends with it, and the next one clears what it left."""

import os
import signal
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from chatproject.tests.made import postgres_session, run_on
from chatproject.tests.server import ROOT, Server, is_alive, until
from operations.tests.backups.places import POSTGRES, backup, installation

pytestmark = pytest.mark.faults
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no kernel ends children with their parent")
REQUEST = "from operations.backups.drill import request_drill; request_drill()"


@pytest.fixture
def server():
    """With a backup to verify, not started."""
    with closing(installation()) as server:
        backup(server)
        yield server
        for name in scratch_databases(server):
            run_on(server.env["DATABASE_URL"], f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def command(server):
    """A drill by `manage.py backup_drill`."""
    with subprocess.Popen(server.command("backup_drill"), env=server.env, cwd=ROOT) as process:
        yield process
        process.kill()


@pytest.fixture
def halted_restore():
    """The process that restores for the drill of this one, halted in the middle."""
    found: list[psutil.Process] = []

    def halted_restore(pid: int) -> psutil.Process:
        until(lambda: find(pid))
        found[-1].suspend()
        return found[-1]

    def find(pid: int) -> bool:
        """Whether there is one that has begun in its folder."""
        with suppress(psutil.Error):
            children = psutil.Process(pid).children(recursive=True)
            found.extend(child for child in children if "restore" in child.cmdline())
            return any(any(Path(child.environ()["DATA_DIR"]).iterdir()) for child in found)
        return False

    yield halted_restore
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()


# --- It is interrupted ------------------------------------------------------------------------------------------
@on_linux
def test_a_drill_dies_with_its_killed_server_and_the_next_clears_what_it_left(server, halted_restore) -> None:
    request_drill(server)
    restore = halted_restore(server.pid)
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: not is_alive(restore))
    assert_the_next_clears(server)


@on_linux
def test_a_drill_dies_with_its_stopped_server_and_the_next_clears_what_it_left(server, halted_restore) -> None:
    request_drill(server)
    restore = halted_restore(server.pid)
    assert server.stop(timeout=60) == 0
    until(lambda: not is_alive(restore))
    assert_the_next_clears(server)


def test_a_stop_signal_to_all_processes_is_for_the_first_of_them(command, halted_restore) -> None:
    restore = halted_restore(command.pid)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        restore.send_signal(number)
    restore.resume()
    assert command.wait(60) == 0


def request_drill(server: Server) -> None:
    """Start the server and let its worker begin a drill."""
    server.start()
    assert server.run("shell", "-v0", "-c", REQUEST).returncode == 0


def assert_the_next_clears(server: Server) -> None:
    assert len(scratch_folders(server)) == 1
    assert len(scratch_databases(server)) == bool(POSTGRES)
    verified = server.run("backup_drill")
    assert verified.returncode == 0, verified.stderr
    assert scratch_folders(server) + scratch_databases(server) == []


# --- It is not alone --------------------------------------------------------------------------------------------
def test_a_drill_clears_nothing_that_another_is_using(server, command, halted_restore) -> None:
    restore = halted_restore(command.pid)
    used = scratch_folders(server) + scratch_databases(server)
    os.utime(server.data_dir / used[0], (0, 0))  # as if it had been at it for long
    assert server.run("backup_drill").returncode == 0
    assert scratch_folders(server) + scratch_databases(server) == used
    restore.resume()
    assert command.wait(60) == 0
    assert scratch_folders(server) + scratch_databases(server) == []


@pytest.mark.skipif(not POSTGRES, reason="needs PostgreSQL")
def test_a_database_that_no_drill_has_made_stays(server) -> None:
    others = f"{urlsplit(server.env['DATABASE_URL']).path[1:]}_drill_of_others"
    run_on(server.env["DATABASE_URL"], f'CREATE DATABASE "{others}"')
    assert server.run("backup_drill").returncode == 0
    assert scratch_databases(server) == [others]


def scratch_folders(server: Server) -> list[str]:
    return [path.name for path in server.data_dir.glob(".drill-*")]


def scratch_databases(server: Server) -> list[str]:
    """Those whose name says that a drill of this installation has made them."""
    if not POSTGRES:
        return []
    ours = f"{urlsplit(server.env['DATABASE_URL']).path[1:]}_drill_"
    with postgres_session(server.env["DATABASE_URL"]) as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [ours])
        return [name for (name,) in found]
