"""Readers who connect and disconnect."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from messaging.tests.client import Person, Socket
from messaging.tests.faults.checker import Copy, entries_in
from messaging.tests.faults.load import AWAY


class Reader:
    """Keeps a copy of one conversation through any number of sockets, as a client should: with `sync` from the last
    seq it has, then `log/` while there is more."""

    def __init__(self, person: Person, conversation: str) -> None:
        self.person, self.conversation = person, conversation
        self.frames: list[dict[str, Any]] = []
        self.position = 0
        self.visits = 0
        self._ahead: dict[int, dict[str, Any]] = {}
        self._is_synced = False

    @property
    def copy(self) -> Copy:
        return Copy(f"reader {self.person.name}", entries_in(self.frames, self.conversation))

    async def run(self, stop: asyncio.Event, stay: Callable[[], float] = lambda: 3600.0) -> None:
        """Connect, stay for some seconds, disconnect, connect again, until `stop` is set."""
        while not stop.is_set():
            try:
                await self._visit(stop, stay())
            except AWAY:
                await asyncio.sleep(0.1)

    async def _visit(self, stop: asyncio.Event, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        async with self.person.socket(waits_for_hello=False) as socket:
            self.visits += 1
            self._ahead, self._is_synced = {}, False
            read, until = 0, loop.time() + seconds
            while not stop.is_set() and loop.time() < until and socket.code is None:
                for frame in socket.received[read:]:
                    await self._take(socket, frame)
                    read += 1
                await asyncio.sleep(0.02)

    async def _take(self, socket: Socket, frame: dict[str, Any]) -> None:
        if frame["type"] == "hello":
            body = {"epoch": frame["data"]["epoch"], "positions": {self.conversation: self.position}}
            await socket.frame({"type": "sync", "data": body})
        elif frame["type"] == "sync.complete":
            here = frame["data"]["conversations"].get(self.conversation, {"has_more": False})
            while here["has_more"]:
                path = f"conversations/{self.conversation}/log/?after={self.position}"
                here = await asyncio.to_thread(self.person.get, path)
                self._keep(here["entries"])
            self._is_synced = True
            self._keep([])
        else:
            self._keep([frame])

    def _keep(self, frames: Iterable[dict[str, Any]]) -> None:
        """Keep what is next. What is ahead while the sync is under way comes again or waits for it; afterwards it is
        a gap, which the checker finds."""
        for frame in frames:
            if frame.get("conversation_id") == self.conversation and frame.get("seq", 0) > self.position:
                self._ahead[frame["seq"]] = frame
        while self._ahead and (self._is_synced or self.position + 1 in self._ahead):
            self.position = min(self._ahead)
            self.frames.append(self._ahead.pop(self.position))
