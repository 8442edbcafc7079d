"""A proxy between the application and its database, to cut what passes through it."""

import asyncio
from typing import Self
from urllib.parse import urlsplit, urlunsplit

COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
"""What PostgreSQL answers to a commit."""


class Proxy:
    """`async with Proxy(url) as proxy:` passes everything on to the host of `url`; `proxy.url` leads through it."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._open: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._cut_at_commit = 0
        self.is_away = False
        self.cut_commits = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        user = self._target.netloc.rpartition("@")[0]
        self.url = urlunsplit(self._target._replace(netloc=f"{user}@127.0.0.1:{port}"))
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def leave(self) -> None:
        """Cut every connection and let nobody in."""
        self.is_away = True
        self.cut()

    def come_back(self) -> None:
        """Let everybody in again."""
        self.is_away = False

    def cut(self) -> None:
        """Cut every connection."""
        for writer in self._open:
            writer.transport.abort()

    def cut_at_commit(self, every: int) -> None:
        """Cut each `every`-th connection that commits, after the commit and before its answer; 0 for none."""
        self._cut_at_commit = every
        self._commits = 0
        self._only_once = False

    def cut_next_commit(self) -> None:
        """Cut the next connection that commits, and no other."""
        self.cut_at_commit(every=1)
        self._only_once = True

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_away:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port or 5432)
        ends = {writer, back}
        self._open |= ends
        for source, sink, is_answer in ((reader, back, False), (there, writer, True)):
            task = asyncio.create_task(self._pump(source, sink, ends, is_answer))
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, ends: set, is_answer: bool) -> None:
        try:
            while data := await source.read(65536):
                if is_answer and COMMITTED in data and self._is_to_be_cut():
                    break
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            for writer in ends:
                writer.transport.abort()
            self._open -= ends

    def _is_to_be_cut(self) -> bool:
        if not self._cut_at_commit:
            return False
        self._commits += 1
        if self._commits % self._cut_at_commit:
            return False
        self.cut_commits += 1
        if self._only_once:
            self._cut_at_commit = 0
        return True
