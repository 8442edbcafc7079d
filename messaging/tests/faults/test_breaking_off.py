"""Sockets that stop reading, or break off in the middle, cost the others nothing."""

import asyncio
import base64
import json
import os
import socket as sockets
import time

import psutil
import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person
from messaging.tests.faults.busy_conversation import BusyConversation
from messaging.tests.faults.checker import Send
from messaging.tests.faults.conftest import ROUNDS
from messaging.tests.faults.load import until

pytestmark = [pytest.mark.faults, pytest.mark.search]

SILENT_SOCKETS = 5
MEGABYTES = 7
GROWTH = 60 * 1024 * 1024


class SilentSocket:
    """A socket that signs in and reads nothing, with a small window so that the server soon notices."""

    def __init__(self, person: Person) -> None:
        self.raw = sockets.socket()
        self.raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        self.raw.connect(("127.0.0.1", person.server.port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.raw.sendall(
            f"GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Authorization: Bearer {person.token}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            .encode()
        )  # fmt: skip
        self.raw.settimeout(20)
        assert self.raw.recv(12) == b"HTTP/1.1 101"

    def say(self, conversation: str, send: Send) -> None:
        """Send a message without waiting for an answer."""
        body = {"conversation_id": conversation, "content": send.content, "client_id": send.client_id}
        data = json.dumps({"type": "message.send", "data": body}).encode()
        self.raw.sendall(b"\x81\xfe%b\0\0\0\0%b" % (len(data).to_bytes(2, "big"), data))

    def rest(self) -> bytes:
        """All that still comes, until it was closed."""
        found = b""
        try:
            while chunk := self.raw.recv(1 << 16):
                found += chunk
        except ConnectionResetError:
            pass
        return found

    def break_off(self) -> None:
        """Be gone at once (RST)."""
        self.raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.raw.close()


async def test_a_socket_that_stops_reading_is_closed_and_delays_no_other() -> None:
    with Server(env=GENEROUS) as server:
        busy = BusyConversation([server])
        mutes = [await asyncio.to_thread(SilentSocket, busy.people[2]) for _ in range(SILENT_SOCKETS)]
        async with busy:
            before = memory(server)
            busy.start_sending(pause=0.2)
            sender = busy.senders[0]
            sender.padding = "x" * 9900
            slowest = 0.0
            for n in range(MEGABYTES * 100 * ROUNDS):
                began = time.monotonic()
                send = await sender.send()
                if n % 10 == 0:
                    await until(lambda: not busy.sockets_without(send.message["seq"]), 10)  # noqa: B023
                slowest = max(slowest, time.monotonic() - began)
            await busy.stop_sending()
            await busy.all_received()
            grown = memory(server) - before
            rests = [await asyncio.to_thread(mute.rest) for mute in mutes]
            assert not await busy.problems()
    assert all(len(rest) < MEGABYTES * 1e6 for rest in rests), "everything was sent to sockets that did not read"
    assert slowest < 2
    assert grown < GROWTH


async def test_a_socket_that_breaks_off_takes_no_message_from_the_others() -> None:
    with Server(env=GENEROUS) as server:
        busy = BusyConversation([server])
        async with busy:
            busy.start_sending()
            for n in range(4 * ROUNDS):
                leaving = [await asyncio.to_thread(SilentSocket, busy.people[2]) for _ in range(4)]
                last = [Send("", f"last words {n}.{m}", "bye") for m in range(40)]
                busy.others += last
                before = count_last_words(busy)
                for send in last:
                    leaving[0].say(busy.id, send)
                await until(lambda: count_last_words(busy) > before, 10, "its first words received")  # noqa: B023
                for mute in leaving:
                    mute.break_off()  # while the server still works on what it sent
            await busy.stop_sending()
            words = -1
            while words != (words := count_last_words(busy)):  # until what they sent is stored
                await asyncio.sleep(1)
            await busy.all_received()
            assert not await busy.problems()
        assert not server.log.partition("Traceback")[2]


def count_last_words(busy: BusyConversation) -> int:
    """How many last words were received."""
    return sum(frame["data"]["message"]["content"] == "bye" for frame in busy.sockets[0].of("message.created"))


def memory(server: Server) -> int:
    """Of what serves; a worker of its own may just be starting."""
    serving = [process for process in server.processes() if process.name() != "chat-worker"]
    return sum(psutil.Process(process.pid).memory_info().rss for process in serving)
