"""It starts in seconds, keeps what it made, and stops when told."""

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import threading
import time

import httpx
import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from chatproject.tests.server import ROOT, Server, let_go_of


@pytest.mark.plain
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_wanted_stop_is_a_success(own: Server, number: signal.Signals) -> None:
    own.start()
    processes = own.processes()
    assert own.stop(number) == 0
    assert not psutil.wait_procs(processes, timeout=3)[1]
    assert "Traceback" not in own.log


@pytest.mark.plain
def test_sockets_close_with_1012(own: Server) -> None:
    own.env["REQUIRE_EMAIL_VERIFICATION"] = "off"
    own.start()
    person = {"email": "alice@example.org", "username": "alice", "password": "a long password"}
    access = httpx.post(f"{own.url}/api/v1/auth/register/", json=person).json()["access"]
    with (
        connect(f"{own.ws_url}/ws/", additional_headers={"Authorization": f"Bearer {access}"}) as signed_in,
        connect(f"{own.ws_url}/ws/") as not_yet,
    ):
        assert json.loads(signed_in.recv())["type"] == "hello"
        assert own.stop() == 0
        assert [_closing_code(signed_in), _closing_code(not_yet)] == [1012, 1012]
    assert "Traceback" not in own.log


def test_ctrl_c_reaches_every_process_at_once_and_harms_none(own: Server) -> None:
    if "REDIS_URL" in own.env:
        own.env["WORKERS"] = "2"
    own.start()
    _until(lambda: own.log.count("[chatproject.lifespan]") == int(own.env["WORKERS"]))
    processes = own.processes()
    for process in _serving(own):
        process.send_signal(signal.SIGINT)
    assert own.stop(signal.SIGINT) == 0
    assert not psutil.wait_procs(processes, timeout=3)[1]
    assert "Traceback" not in own.log


@pytest.mark.plain
def test_a_second_ctrl_c_breaks_nothing_off(own: Server) -> None:
    own.start()
    psutil.Process(own.pid).send_signal(signal.SIGINT)
    assert own.stop(signal.SIGINT) == 0
    assert "stopped" in own.log
    assert "Traceback" not in own.log


@pytest.mark.plain
def test_the_second_start_is_quick_and_keeps_the_secret_key(bare: Server) -> None:
    bare.start().stop()
    key = bare.data_dir / "secret_key"
    made = key.read_text()
    started = time.monotonic()
    bare.start()
    assert time.monotonic() - started < 15  # about two seconds on a machine that does nothing else
    assert key.read_text() == made
    assert len(made) >= 50
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.plain
def test_it_says_what_to_open_and_how_to_begin(own: Server) -> None:
    own.start()
    for words in (f"{own.url}/", f"{own.url}/api/docs/", f"{own.url}/admin/", "create_operator", str(own.data_dir)):
        assert words in own.log


@pytest.mark.plain
def test_what_it_says_is_seen_at_once_where_it_goes_to_a_file(own: Server) -> None:
    del own.env["PYTHONUNBUFFERED"]
    own.start()
    assert f"Open          {own.url}/" in own.log


@pytest.mark.plain
def test_the_port_is_refused_until_it_serves(own: Server) -> None:
    let_go_of(own.port)
    folder = os.open(own.data_dir, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # what a server prepares, it prepares alone
    starting = threading.Thread(target=own.start)
    starting.start()
    _until(lambda: _is_taken(own.port))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", own.port))
    os.close(folder)
    starting.join()
    assert httpx.get(f"{own.url}/health/").status_code == 200


@pytest.mark.plain
def test_what_it_says_is_true_when_it_says_so(own: Server) -> None:
    with subprocess.Popen(own.command("serve"), env=own.env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while "is running" not in process.stdout.readline():
            assert process.poll() is None
        assert httpx.get(f"{own.url}/health/").status_code == 200
        process.terminate()


@pytest.mark.parametrize("workers", ["2" if os.environ.get("REDIS_URL") else "1"])
def test_of_two_that_start_on_one_port_the_later_says_that_it_is_taken(own: Server, workers: str) -> None:
    let_go_of(own.port)
    later = Server(env={"PORT": str(own.port), "WORKERS": workers})
    folder = os.open(later.data_dir, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with subprocess.Popen(later.command("serve"), env=later.env, cwd=ROOT, stderr=-1, stdout=-1, text=True) as process:
        _until(lambda: _is_taken(own.port))
        own.start()
        os.close(folder)
        said, complaint = process.communicate(timeout=60)
    later.close()
    assert f"Port {own.port} on 127.0.0.1 is taken by another program" in complaint.splitlines()[-1]
    assert process.returncode == 1
    assert "Traceback" not in complaint
    assert "is running" not in said
    assert httpx.get(f"{own.url}/health/").status_code == 200


def _is_taken(port: int) -> bool:
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def test_killed_it_starts_again_on_the_same_port(own: Server) -> None:
    own.start().kill()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{own.url}/health/")
    own.start()
    assert httpx.get(f"{own.url}/health/").status_code == 200


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="several processes need Redis and PostgreSQL")
class TestSeveralProcesses:
    def test_what_dies_comes_back(self) -> None:
        with Server(workers=2) as server:
            parent, *children = server.processes()
            for child in _serving(server) + _working(server):
                child.kill()
            _until(lambda: len(_serving(server)) == 2 and len(_working(server)) == 1)
            assert parent.is_running()
            _until(lambda: httpx.get(f"{server.url}/health/ready/").status_code == 200)
            assert not set(children) & set(_serving(server) + _working(server))
            assert server.stop() == 0

    def test_what_dies_while_it_is_asked_whether_it_lives_comes_back(self) -> None:
        with Server(workers=2) as server:
            _until(lambda: len(_serving(server)) == 2)
            child = _serving(server)[0]
            child.suspend()
            time.sleep(1.5)  # the supervisor asks every half second, and gives 30 seconds to answer in
            child.kill()
            _until(lambda: len(_serving(server)) == 2 and child not in _serving(server), timeout=15)

    def test_nobody_outlives_the_one_that_keeps_them(self) -> None:
        with Server(workers=2) as server:
            _until(lambda: _working(server))
            parent, *children = server.processes()
            parent.kill()
            assert not psutil.wait_procs(children, timeout=20)[1]
            server.start()


def _closing_code(socket: ClientConnection) -> int | None:
    try:
        while True:
            socket.recv(timeout=5)
    except ConnectionClosed as closed:
        return closed.rcvd and closed.rcvd.code


def _serving(server: Server) -> list[psutil.Process]:
    return [process for process in server.processes() if _name(process) == "chat-serving"]


def _working(server: Server) -> list[psutil.Process]:
    return [process for process in server.processes() if _name(process) == "chat-worker"]


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""


def _until(true: object, timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            if true():  # type: ignore[operator]
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.1)
