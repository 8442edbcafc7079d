"""The processes that serve, and how they stop without losing anybody.

uvicorn closes the port first, which resets whoever has just connected, and its supervisor keeps the port open while the
processes behind it stop, so that people connect to nobody. Here each process says that it is not ready, serves on for
`STOP_DELAY_SECONDS`, lets nobody else begin to connect, takes in whoever has connected, and only then lets go of the
port, as the supervisor does at once.

uvicorn is pinned: this leans on names inside it.
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
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import Pipe
from typing import cast

import uvicorn
from django.conf import settings
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess, multiprocess

from chatproject.stopping import stopping

CONNECTED = 0.02
"""Seconds in which whoever has begun to connect has connected; proxies are near. Who comes meanwhile waits for one."""
HEARD_OUT = 1.0
"""Seconds in which whoever has connected says what they want: closing before would reset a request on its way."""
JOINED = 12.0
"""Seconds until a process that does not stop is killed: more than all that stopping waits for."""
SO_ATTACH_FILTER = 26
NO_SYN = b"".join(
    struct.pack("HBBI", code, if_true, if_false, value)
    for code, if_true, if_false, value in (
        (0x30, 0, 0, 13),  # load the flags of the TCP header,
        (0x54, 0, 0, 0x12),  # of these SYN and ACK;
        (0x15, 0, 1, 0x02),  # if it is SYN alone,
        (0x06, 0, 0, 0),  # drop the packet,
        (0x06, 0, 0, 0xFFFFFFFF),  # or else take it
    )
)
"""A socket filter (classic BPF) that drops what begins a connection."""


class Server(uvicorn.Server):
    """A process that serves. `welcome` is called when the port listens. `is_last`: whether nobody else will serve on
    the port when this process stops."""

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
        """Start; only then does the port listen."""
        try:
            await super().startup(sockets)
            for sock in sockets or []:
                sock.listen(self.config.backlog)  # uvloop says nothing where it cannot
        except OSError:  # another server listens there since a moment ago
            await self.lifespan.shutdown()
            sys.exit(STARTUP_FAILURE)
        self._welcome()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in an order that loses nobody."""
        stopping.set()
        _leave_by(settings.STOP_DELAY_SECONDS + JOINED)
        await asyncio.sleep(settings.STOP_DELAY_SECONDS)
        if self._is_last():
            for sock in sockets or []:
                turn_away(sock)
            await asyncio.sleep(CONNECTED)
        waiting = [connection for sock in sockets or [] for connection in iter(partial(_accepted, sock), None)]
        for server in self.servers:
            server.close()  # before anything is awaited, so that nobody comes to wait meanwhile and is reset
        for connection in waiting:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        await self._hear_out()
        await super().shutdown(sockets)
        self._captured_signals.clear()  # uvicorn raises them once more, to die of them; a wanted stop is a success

    def _protocol(self) -> asyncio.Protocol:
        config = self.config
        made: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
            config=config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def _hear_out(self) -> None:
        until = time.monotonic() + HEARD_OUT
        await asyncio.sleep(0.05)  # what has arrived is read
        while time.monotonic() < until and any(map(_is_beginning, self.server_state.connections)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _leave_by(seconds: float) -> None:
    """End after so many seconds, whatever is still at work, like somebody's request that waits for the database."""
    leaving = threading.Timer(seconds, os._exit, [0])
    leaving.daemon = True
    leaving.start()


def turn_away(sock: socket.socket) -> None:
    """Let nobody begin to connect. Who tries is not answered, tries again a second later, and is refused then: closing
    the port would reset who comes between the last look at who waits and the closing. Linux can, others do without."""
    if sys.platform == "linux":
        program = ctypes.create_string_buffer(NO_SYN, len(NO_SYN))
        filtering = struct.pack("HP", len(NO_SYN) // 8, ctypes.addressof(program))
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filtering)


def _accepted(sock: socket.socket) -> socket.socket | None:
    """Somebody who has connected and waits to be accepted."""
    try:
        connection, _ = sock.accept()
    except OSError:  # nobody does
        return None
    connection.setblocking(False)
    return connection


def _is_beginning(protocol: object) -> bool:
    """Whether a request, or the handshake of a socket, is on its way."""
    return bool(getattr(protocol, "is_beginning", False))


class Process(multiprocess.Process):
    """One of several."""

    _server: uvicorn.Server | None
    _asked: float | None = None
    is_started = False

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._told_that_all_stop, self._tell_that_all_stop = Pipe(duplex=False)

    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = Server(self.config, is_last=self._told_that_all_stop.poll)
        return self._server

    def expect_all_to_stop(self) -> None:
        """When it is told to stop, the others will be, too."""
        self._tell_that_all_stop.send(True)

    def start(self) -> None:
        """Start without a say in Ctrl-C, which a process that still loads would answer with a traceback."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        super().start()
        signal.signal(signal.SIGINT, before)

    def ping(self, timeout: float = 5) -> bool:
        """Whether it has answered within `timeout` seconds. Does not wait for the answer, as uvicorn does: meanwhile
        nobody would hear of a child that dies, or be told to stop."""
        try:
            if self._asked is None:
                self.parent_conn.send(b"ping")
                self._asked = time.monotonic()
            if self.parent_conn.poll():
                self.is_started = self.parent_conn.recv()
                self._asked = None
        except (OSError, EOFError, pickle.UnpicklingError):
            return False
        return self._asked is None or time.monotonic() - self._asked < timeout


class Supervisor(Multiprocess):
    """Keeps the processes, and lets go of the port when they stop. `welcome` is called when the first one serves."""

    def __init__(self, config: uvicorn.Config, sock: socket.socket, welcome: Callable[[], None]) -> None:
        is_kept = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # by `nohup`
        super().__init__(config, [sock])
        if is_kept:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._welcome: Callable[[], None] | None = welcome

    def handle_hup(self) -> None:
        """The terminal was closed. uvicorn would start its processes anew, and run on where nobody sees it."""
        self.should_exit.set()

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        if self._welcome and any(isinstance(process, Process) and process.is_started for process in self.processes):
            self._welcome()
            self._welcome = None

    def terminate_all(self) -> None:
        for process in self.processes:
            cast(Process, process).expect_all_to_stop()
        super().terminate_all()
        for sock in self.sockets:
            sock.close()

    def join_all(self) -> None:
        until = time.monotonic() + settings.STOP_DELAY_SECONDS + JOINED
        for process in self.processes:
            process.process.join(max(0.0, until - time.monotonic()))
            process.kill()
            process.join()


def run(config: uvicorn.Config, sock: socket.socket, welcome: Callable[[], None]) -> bool:
    """Serve in `config.workers` processes, until told to stop. Whether the application failed to start."""
    if config.workers == 1:
        return _run_one(config, sock, welcome)
    multiprocess.Process = Process  # type: ignore[misc] # uvicorn asks nobody which one it is to make
    supervisor = Supervisor(config, sock, welcome)
    supervisor.run()
    return any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)


def _run_one(config: uvicorn.Config, sock: socket.socket, welcome: Callable[[], None]) -> bool:
    try:
        Server(config, welcome).run([sock])
    except SystemExit as stop:
        return bool(stop.code == STARTUP_FAILURE)
    return False
