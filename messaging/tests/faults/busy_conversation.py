"""A busy conversation: people, their sockets on some servers, senders by socket and HTTP, and a check that
everybody received everything."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from copy import copy
from typing import Self

from chatproject.tests.server import Server
from messaging.tests.client import PATIENCE, Person, Socket, cast_on
from messaging.tests.faults.checker import Copy, Send, afterwards, entries_in, problems
from messaging.tests.faults.load import HttpSender, Sender, SocketSender, until


def at_server(server: Server, person: Person) -> Person:
    """The same person, connected to this server."""
    there = copy(person)
    there.server = server
    return there


class BusyConversation:
    """`async with BusyConversation(servers) as busy:` opens two sockets per person and server. Everybody sends from
    `start_sending` until `stop_sending`."""

    def __init__(self, servers: Sequence[Server], names: Sequence[str] = ("alice", "bob", "carol")) -> None:
        self.servers = servers
        person = cast_on(servers[0])
        self.people = [person(name) for name in names]
        self.id = self.people[0].group(*self.people[1:])
        everywhere = [at_server(server, one) for server in servers for one in self.people]
        self.sockets: list[Socket] = [one.socket() for one in everywhere for _ in range(2)]
        self.senders: list[Sender] = [
            kind(one, self.id) for one in everywhere for kind in (SocketSender, HttpSender)
        ]  # fmt: skip
        self.others: list[Send] = []
        self._stack = AsyncExitStack()
        self._stop = asyncio.Event()

    async def __aenter__(self) -> Self:
        for socket in self.sockets:
            await self._stack.enter_async_context(socket)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._stop.set()
        await self._stack.aclose()

    def start_sending(self, pause: float = 0.03) -> None:
        """Let everybody send."""
        self._stop.clear()
        self._sending = asyncio.gather(*(sender.run(self._stop, pause) for sender in self.senders))

    async def stop_sending(self, patience: float = 30) -> None:
        """Let everybody stop, each with the last message answered."""
        self._stop.set()
        await asyncio.wait_for(self._sending, patience)

    @property
    def sends(self) -> list[Send]:
        return [send for sender in self.senders for send in sender.sends] + self.others

    @property
    def acks(self) -> int:
        return sum(1 for send in self.sends if send.message)

    @property
    def head(self) -> int:
        return max(send.message["seq"] for send in self.sends if send.message)

    def sockets_without(self, seq: int) -> list[int]:
        """The sockets that have not received this seq."""
        return [n for n, one in enumerate(self.sockets) if seq not in one.seqs(self.id)]

    async def all_received(self, seq: int | None = None, patience: float = PATIENCE) -> None:
        """Wait until every socket has received a seq, by default the last one; none was closed."""
        seq = seq or self.head
        await until(lambda: not self.sockets_without(seq), patience, f"{seq} of {self.id} on every socket")
        assert [socket.code for socket in self.sockets] == [None] * len(self.sockets)

    async def problems(self, *, lived: bool = True) -> list[str]:
        """What the checker finds, everything compared with everything; with the sockets when they `lived`."""
        copies = await asyncio.to_thread(afterwards, self.servers[-1], self.people[1], self.id)
        return problems(self.sends, [*copies, *(self._copy(n) for n in range(len(self.sockets)) if lived)])

    def _copy(self, n: int) -> Copy:
        socket = self.sockets[n]
        rows = socket.of("hello")[0]["data"]["conversations"]
        begin = next(row["seq"] for row in rows if row["id"] == self.id)
        return Copy(f"socket {n}", entries_in(socket.received, self.id), after=begin)
