"""A server that is told to stop loses nobody: not who has just connected, and not who is being answered."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from chatproject.supervisor import drop_new_connections
from chatproject.tests.made import postgres_session
from chatproject.tests.server import Server, until

MANY = pytest.param(
    2,
    marks=pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="several processes need Redis and PostgreSQL"),
)
PERSON = {"email": "alice@example.org", "username": "alice", "password": "a long password"}


@pytest.fixture(params=[pytest.param(1, marks=pytest.mark.plain), MANY])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """With one process or several, not started yet."""
    env = {"REQUIRE_EMAIL_VERIFICATION": "off", "RATE_FRAMES": "100000/s", "STOP_DELAY_SECONDS": "1"}
    server = Server(workers=request.param, env=env)
    yield server
    server.close()


def test_it_says_first_that_it_is_not_ready_and_serves_on(server: Server) -> None:
    server.env["STOP_DELAY_SECONDS"] = "4"
    server.start()
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    # Several processes are told one after the other, and any of them may answer.
    until(lambda: all(httpx.get(f"{server.url}/health/ready/").status_code == 503 for _ in range(10)))
    answer = httpx.get(f"{server.url}/health/ready/")
    assert (answer.json()["code"], answer.json()["detail"]) == ("unavailable", "This server is stopping.")
    alive = httpx.get(f"{server.url}/health/")
    assert (alive.status_code, alive.headers["connection"]) == (200, "close")
    stopping.join()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/health/")


def test_who_connects_while_it_stops_is_answered_or_refused_and_never_reset_or_kept_waiting(server: Server) -> None:
    server.start()
    seen: Counter[str] = Counter()
    is_over = threading.Event()
    people = [threading.Thread(target=come_and_go, args=(server, seen, is_over)) for _ in range(12)]
    for one in people:
        one.start()
    until(lambda: seen["answered"] > 50)
    assert server.stop() == 0
    until(lambda: seen["refused"] > 50)
    is_over.set()
    for one in people:
        one.join()
    assert set(seen) == {"answered", "refused"}, seen
    assert "Traceback" not in server.log


def come_and_go(server: Server, seen: Counter[str], is_over: threading.Event) -> None:
    request = f"GET /health/ HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode()
    while not is_over.is_set():
        began, outcome = time.monotonic(), "answered"
        with socket.socket() as connection:
            connection.settimeout(5)
            try:
                connection.connect(("127.0.0.1", server.port))
                connection.sendall(request)
                outcome = "answered" if connection.recv(100).startswith(b"HTTP/1.1 200") else "not answered"
            except ConnectionRefusedError:
                outcome = "refused"
            except OSError as error:
                outcome = type(error).__name__
        seen[f"{outcome}, late" if time.monotonic() - began > 3 else outcome] += 1
        time.sleep(0.005)


@pytest.mark.skipif(sys.platform != "linux", reason="others have no filters of sockets")
def test_nobody_begins_to_connect_while_the_port_closes_and_who_has_connected_is_heard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:
        where = port.getsockname()
        with socket.create_connection(where) as before:
            drop_new_connections(port)
            with pytest.raises(TimeoutError):
                socket.create_connection(where, timeout=0.3)
            accepted, _ = port.accept()
            with accepted:
                before.sendall(b"a" * 100_000)
                assert accepted.recv(1, socket.MSG_WAITALL) == b"a"
                accepted.sendall(b"b")
                assert before.recv(1) == b"b"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where, timeout=5)


def test_who_has_connected_and_not_asked_yet_is_answered(server: Server) -> None:
    server.env["STOP_DELAY_SECONDS"] = "0"
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        os.kill(server.pid, signal.SIGTERM)
        until(lambda: is_refused(server))
        connection.sendall(f"GET /health/ HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        connection.settimeout(5)
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer
    assert server.stop() == 0


def test_sockets_close_with_1012_also_those_that_still_send(server: Server) -> None:
    server.start()
    access = httpx.post(f"{server.url}/api/v1/auth/register/", json=PERSON).json()["access"]
    with connect(f"{server.ws_url}/ws/", additional_headers={"Authorization": f"Bearer {access}"}) as socket:
        assert json.loads(socket.recv())["type"] == "hello"
        sending = threading.Thread(target=send_on, args=(socket,))
        sending.start()
        os.kill(server.pid, signal.SIGTERM)
        with contextlib.suppress(ConnectionClosed):
            while True:
                socket.recv(timeout=10)
        sending.join()
        assert socket.close_code == 1012
    assert server.stop() == 0


def send_on(socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.send('{"type":"ping","id":"x"}')
            time.sleep(0.001)


def test_what_takes_too_long_is_told_to_come_again_and_holds_up_nothing(server: Server) -> None:
    server.start()
    answers: list[httpx.Response] = []
    register = f"{server.url}/api/v1/auth/register/"
    asking = threading.Thread(target=lambda: answers.append(httpx.post(register, json=PERSON, timeout=60)))
    with nobody_else_writes(server) as is_waited_for:
        asking.start()
        until(is_waited_for)
        assert server.stop(timeout=40) == 0
        asking.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "unavailable")
    assert "Exception in ASGI application" not in server.log


@contextlib.contextmanager
def nobody_else_writes(server: Server) -> Iterator[Callable[[], bool]]:
    """Lock the accounts. Gives what says whether anybody waits for them, as far as one can tell."""
    if url := server.env.get("DATABASE_URL"):
        with postgres_session(url) as holder, postgres_session(url, autocommit=True) as other:
            holder.execute("LOCK TABLE accounts_user IN ACCESS EXCLUSIVE MODE")
            yield lambda: other.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is not None
    else:
        holding = sqlite3.connect(server.data_dir / "chat.sqlite3", isolation_level=None)
        holding.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        yield lambda: time.monotonic() - began > 2
        holding.close()


class Attached(Server):
    """Started at a terminal, however the tests were started."""

    def command(self, *args: str) -> list[str]:
        return ["env", "--default-signal=HUP", *super().command(*args)]


@pytest.mark.parametrize("workers", [1, MANY])
def test_a_terminal_that_is_closed_stops_all_of_it(workers: int) -> None:
    with Attached(workers=workers) as server:
        processes = server.processes()
        for process in processes:
            process.send_signal(signal.SIGHUP)
        assert server.stop(signal.SIGHUP) == 0
        assert not psutil.wait_procs(processes, timeout=15)[1]
        assert server.log.count("stopped ") >= 1
        assert "Traceback" not in server.log


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="without Redis the worker is no process")
def test_a_worker_that_ends_while_its_server_stops_is_not_begun_anew() -> None:
    with Server(env={"STOP_DELAY_SECONDS": "2"}) as server:
        worker = next(one for one in server.processes() if one.name() == "chat-worker")
        os.kill(server.pid, signal.SIGTERM)
        until(lambda: httpx.get(f"{server.url}/health/ready/").status_code == 503)
        worker.kill()
        assert server.stop() == 0
        assert "worker_died" not in server.log
        assert "Traceback" not in server.log


class Detached(Server):
    """Started as one starts what is to outlive the terminal."""

    def command(self, *args: str) -> list[str]:
        return ["nohup", *super().command(*args)]


def test_with_nohup_it_outlives_the_terminal() -> None:
    with Detached(workers=2 if os.environ.get("REDIS_URL") else 1) as server:
        for process in server.processes():
            process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert httpx.get(f"{server.url}/health/").status_code == 200
        assert server.stop() == 0


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="several processes need Redis and PostgreSQL")
def test_one_of_several_that_hangs_holds_up_a_stop_for_seconds() -> None:
    with Server(workers=2) as server:
        hanging = next(one for one in server.processes() if one.name() == "chat-serving")
        hanging.suspend()
        time.sleep(1.5)  # the supervisor asks every half second, and gives 30 seconds to answer in
        assert server.stop(timeout=25) == 0
        assert not hanging.is_running()


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="several processes need Redis and PostgreSQL")
def test_one_of_several_that_is_told_to_stop_resets_nobody_and_is_replaced() -> None:
    with Server(workers=2) as server:
        seen: Counter[str] = Counter()
        is_over = threading.Event()
        people = [threading.Thread(target=come_and_go, args=(server, seen, is_over)) for _ in range(12)]
        for one in people:
            one.start()
        serving = [one for one in server.processes() if one.name() == "chat-serving"]
        serving[0].send_signal(signal.SIGTERM)
        serving[0].wait(20)
        before = seen["answered"]
        until(lambda: seen["answered"] > before + 50)
        until(lambda: server.log.count("[chatproject.lifespan]") >= 4)  # started three times, stopped once
        is_over.set()
        for one in people:
            one.join()
        assert set(seen) == {"answered"}, seen
        assert server.stop() == 0


def is_refused(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=0.1).close()
    except ConnectionRefusedError:
        return True
    except TimeoutError:  # nobody may begin to connect any more
        return False
    return False
