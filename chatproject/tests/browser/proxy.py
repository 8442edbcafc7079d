"""A network that can be cut, and one that is listened to: a TCP proxy in front of a server, run by a thread."""

import asyncio
import re
import threading
from collections.abc import Callable
from typing import Self

Passing = Callable[[bytes], bytes]
"""Takes what arrives and gives what is passed on."""


class Network:
    """`url` leads to the server while the network is whole; `cut()` ends all connections and refuses new ones, and
    `freeze()` swallows what goes over those that there are, without a word."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._is_whole = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._frozen: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        serving = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self.port = serving.result().sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _end(self) -> None:
        self._is_whole = False
        self._abort()
        if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks, timeout=5)

    def cut(self) -> None:
        """Nothing gets through any more."""
        self._is_whole = False
        self._loop.call_soon_threadsafe(self._abort)

    def freeze(self) -> None:
        """The connections that there are stay open and carry nothing any more; new ones get through."""
        self._frozen |= self._writers

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
        up, down = self._ways()
        await asyncio.gather(self._pour(reader, there, up), self._pour(there_reader, writer, down))
        self._writers -= {writer, there}
        self._frozen -= {writer, there}

    async def _pour(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: Passing) -> None:
        try:
            while data := await reader.read(65536):
                if writer in self._frozen:
                    continue
                writer.write(passing(data))
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def _ways(self) -> tuple[Passing, Passing]:
        """What a connection passes on, to the server and back."""
        return bytes, bytes


class Wiretap(Network):
    """Also keeps all that goes through, as it is meant: nothing compressed, and what browsers send over a socket
    without its masks."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._heard: list[bytearray] = []

    @property
    def heard(self) -> bytes:
        """All of it, each way of each connection by itself."""
        return b"\n".join(map(bytes, self._heard))

    def _ways(self) -> tuple[Passing, Passing]:
        up, down = bytearray(), bytearray()
        self._heard += [up, down]
        return Upward(up), lambda data: (down.extend(data), data)[1]


class Upward:
    """What a browser sends: requests, and after an upgrade the masked frames of a socket."""

    PLAIN = re.compile(rb"^(Accept-Encoding|Sec-WebSocket-Extensions):[^\r]*\r\n", re.IGNORECASE | re.MULTILINE)

    def __init__(self, heard: bytearray) -> None:
        self._heard = heard
        self._is_socket = False
        self._frames = bytearray()

    def __call__(self, data: bytes) -> bytes:
        if self._is_socket:
            self._frames += data
            while self._take_frame():
                pass
            return data
        data = self.PLAIN.sub(b"", data)
        self._heard += data
        self._is_socket = b"upgrade: websocket" in data.lower()
        return data

    def _take_frame(self) -> bool:
        """Unmask the next frame (RFC 6455, 5.2) if it is whole."""
        frames = self._frames
        if len(frames) < 2:
            return False
        size, begin = frames[1] & 0x7F, 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, begin = int.from_bytes(frames[2 : 2 + width]), 2 + width
        if len(frames) < begin + 4 + size:
            return False
        mask, payload = frames[begin : begin + 4], frames[begin + 4 : begin + 4 + size]
        self._heard += bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload)) + b"\n"
        del frames[: begin + 4 + size]
        return True
