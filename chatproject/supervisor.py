"""The serving processes, and how they stop without dropping a connection.

uvicorn closes the port first, which resets clients that have just connected, and its supervisor keeps the port open
while the processes behind it stop, so clients connect to a port that no one serves. Here each process reports that it
is not ready, serves for another `STOP_DELAY_SECONDS`, stops new connections, accepts those that were established, and
only then closes the port. The supervisor closes it at once.

uvicorn is pinned, because this uses its internals.
"""

import asyncio
import ctypes
import os
import pickle
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import Pipe
from typing import Any, cast

import uvicorn
from django.conf import settings
from uvicorn import _subprocess
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess, multiprocess

from chatproject import forking
from common.stopping import stopping

HANDSHAKE_SECONDS = 0.02
"""Time for TCP handshakes in progress to complete; proxies are near."""
REQUEST_SECONDS = 1.0
"""Time for clients that have connected to send their request. Closing earlier would reset it on its way."""
KILL_SECONDS = 12.0
"""A process that has not stopped after this time is killed. Longer than all steps of stopping together."""
SO_ATTACH_FILTER = 26
KeepAlive = Callable[[Any], None] | None
"""Starts again what has died, by a context of `multiprocessing`."""
NO_SYN = b"".join(
    struct.pack("HBBI", code, if_true, if_false, value)
    for code, if_true, if_false, value in (
        (0x30, 0, 0, 13),  # load the flags of the TCP header
        (0x54, 0, 0, 0x12),  # mask SYN and ACK
        (0x15, 0, 1, 0x02),  # if only SYN is set,
        (0x06, 0, 0, 0),  # drop the packet,
        (0x06, 0, 0, 0xFFFFFFFF),  # otherwise accept it
    )
)
"""A socket filter (classic BPF) that drops the first packet of new connections."""


class Server(uvicorn.Server):
    """A serving process. `welcome` is called once the port is listening. `is_last`: whether no other process will serve
    the port after this one stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        welcome: Callable[[], None] = lambda: None,
        is_last: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(config)
        self._welcome = welcome
        self._is_last = is_last

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen on the port."""
        try:
            await super().startup(sockets)
            for sock in sockets or []:
                sock.listen(self.config.backlog)  # uvloop would not report a failure
        except OSError:  # another server has just started listening there
            await self.lifespan.shutdown()
            sys.exit(STARTUP_FAILURE)
        self._welcome()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in an order that drops no connection."""
        stopping.set()
        _exit_after(settings.STOP_DELAY_SECONDS + KILL_SECONDS)
        await asyncio.sleep(settings.STOP_DELAY_SECONDS)
        if self._is_last():
            for sock in sockets or []:
                drop_new_connections(sock)
            await asyncio.sleep(HANDSHAKE_SECONDS)
        established = [connection for sock in sockets or [] for connection in iter(partial(_accept, sock), None)]
        for server in self.servers:
            server.close()  # before the next await, so that no further connection waits and is reset
        for connection in established:
            await asyncio.get_running_loop().connect_accepted_socket(self._create_protocol, connection)
        await self._wait_for_requests()
        await super().shutdown(sockets)
        self._captured_signals.clear()  # uvicorn would raise them again, but an orderly stop is a success

    def _create_protocol(self) -> asyncio.Protocol:
        config = self.config
        protocol: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
            config=config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    async def _wait_for_requests(self) -> None:
        until = time.monotonic() + REQUEST_SECONDS
        await asyncio.sleep(0.05)  # to read what has arrived
        while time.monotonic() < until and any(map(_is_beginning, self.server_state.connections)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _exit_after(seconds: float) -> None:
    """Exit after this time, even if something is still running, such as a request that waits for the database."""
    timer = threading.Timer(seconds, os._exit, [0])
    timer.daemon = True
    timer.start()


def drop_new_connections(sock: socket.socket) -> None:
    """Ignore new connections (on Linux). Clients get no answer, try again a second later, and are refused then.
    Otherwise those that connect between the last accept and the closing of the port would be reset."""
    if sys.platform == "linux":
        program = ctypes.create_string_buffer(NO_SYN, len(NO_SYN))
        filtering = struct.pack("HP", len(NO_SYN) // 8, ctypes.addressof(program))
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filtering)


def _accept(sock: socket.socket) -> socket.socket | None:
    """A connection that waits to be accepted, if there is one."""
    try:
        connection, _ = sock.accept()
    except OSError:  # there is none
        return None
    connection.setblocking(False)
    return connection


def _is_beginning(protocol: object) -> bool:
    """Whether a request or a WebSocket handshake is arriving."""
    return bool(getattr(protocol, "is_beginning", False))


class Process(multiprocess.Process):
    """One of several serving processes."""

    _server: uvicorn.Server | None
    _pinged_at: float | None = None
    is_started = False

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._all_stop_receiver, self._all_stop_sender = Pipe(duplex=False)

    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = Server(self.config, is_last=self._all_stop_receiver.poll)
        return self._server

    def announce_that_all_stop(self) -> None:
        """Let the process know that the others will be stopped too."""
        self._all_stop_sender.send(True)

    def start(self) -> None:
        """Start with Ctrl-C ignored: a process that is still loading would print a traceback."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        forking.start(self.process)
        signal.signal(signal.SIGINT, before)

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        forking.begin("chat-serving")
        super().target(sockets)

    def ping(self, timeout: float = 5) -> bool:
        """Whether it has answered within `timeout` seconds. Unlike uvicorn, this does not wait for the answer, because
        the supervisor could not handle dead children or signals meanwhile."""
        try:
            if self._pinged_at is None:
                self.parent_conn.send(b"ping")
                self._pinged_at = time.monotonic()
            if self.parent_conn.poll():
                self.is_started = self.parent_conn.recv()
                self._pinged_at = None
        except (OSError, EOFError, pickle.UnpicklingError):
            return False
        return self._pinged_at is None or time.monotonic() - self._pinged_at < timeout


class Supervisor(Multiprocess):
    """Supervises the processes, and closes the port when they stop. `welcome` is called once the first one serves, and
    `keep_alive` twice a second."""

    def __init__(
        self, config: uvicorn.Config, sock: socket.socket, welcome: Callable[[], None], keep_alive: KeepAlive
    ) -> None:
        ignores_hangup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # set by `nohup`
        super().__init__(config, [sock])
        if ignores_hangup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._welcome: Callable[[], None] | None = welcome
        self._keep_alive = keep_alive

    def handle_hup(self) -> None:
        """The terminal was closed. uvicorn would restart its processes and run on unseen."""
        self.should_exit.set()

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        if self._keep_alive and not self.should_exit.is_set():
            self._keep_alive(forking.CONTEXT)
        if self._welcome and any(isinstance(process, Process) and process.is_started for process in self.processes):
            self._welcome()
            self._welcome = None

    def terminate_all(self) -> None:
        for process in self.processes:
            cast(Process, process).announce_that_all_stop()
        super().terminate_all()
        for sock in self.sockets:
            sock.close()

    def join_all(self) -> None:
        until = time.monotonic() + settings.STOP_DELAY_SECONDS + KILL_SECONDS
        for process in self.processes:
            process.process.join(max(0.0, until - time.monotonic()))
            process.kill()
            process.join()


def run(config: uvicorn.Config, sock: socket.socket, welcome: Callable[[], None], keep_alive: KeepAlive) -> bool:
    """Serve in `config.workers` processes until stopped. Returns whether the application failed to start."""
    if config.workers == 1:
        return _run_one(config, sock, welcome, keep_alive)
    multiprocess.Process = Process  # type: ignore[misc] # uvicorn has no options for these two
    _subprocess.spawn = forking.CONTEXT
    supervisor = Supervisor(config, sock, welcome, keep_alive)
    supervisor.run()
    return any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)


def _run_one(config: uvicorn.Config, sock: socket.socket, welcome: Callable[[], None], keep_alive: KeepAlive) -> bool:
    with _kept_alive(keep_alive):
        try:
            Server(config, welcome).run([sock])
        except SystemExit as stop:
            return bool(stop.code == STARTUP_FAILURE)
    return False


@contextmanager
def _kept_alive(keep_alive: KeepAlive) -> Iterator[None]:
    """Look twice a second. A process that serves has threads and cannot fork, so what has died begins anew."""
    if keep_alive is None:
        yield
        return
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(0.5):
            if not stopping.is_set():
                keep_alive(forking.ANEW)

    thread = threading.Thread(target=look, name="worker-supervisor")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
