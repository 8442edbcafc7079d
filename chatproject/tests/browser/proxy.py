"""A network that can be cut: a TCP proxy in front of a server, run by a thread."""

import asyncio
import threading
from typing import Self


class Network:
    """`url` leads to the server while the network is whole; `cut()` ends all connections and refuses new ones."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._is_whole = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        serving = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self.port = serving.result().sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *exc: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def cut(self) -> None:
        """Nothing gets through any more."""
        self._is_whole = False
        self._loop.call_soon_threadsafe(self._abort)

    def mend(self) -> None:
        """New connections get through again."""
        self._is_whole = True

    def _abort(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_whole:
            writer.transport.abort()
            return
        there_reader, there = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, there}
        await asyncio.gather(_pour(reader, there), _pour(there_reader, writer))
        self._writers -= {writer, there}


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
