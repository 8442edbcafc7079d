"""Senders that never give up."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from messaging.tests.client import Person, Socket
from messaging.tests.faults.checker import Send

AWAY = (OSError, WebSocketException, TimeoutError, httpx.HTTPError)
"""The server is down, or went down in the middle."""
ANSWER_SECONDS = 15.0
NUMBERS = itertools.count()


class Sender:
    """Sends one message after the other and each again, with the same bytes, until it is answered `ok`."""

    def __init__(self, person: Person, conversation: str) -> None:
        self.person, self.conversation = person, conversation
        self.sends: list[Send] = []
        self.codes: Counter[str] = Counter()
        self.slowest = 0.0
        self.padding = ""

    @property
    def acked(self) -> list[Send]:
        return [send for send in self.sends if send.message]

    @property
    def retried(self) -> list[Send]:
        return [send for send in self.acked if send.attempts > 1]

    async def run(self, stop: asyncio.Event, pause: float = 0.0) -> None:
        """Until `stop` is set, and the last one is answered."""
        while not stop.is_set():
            await self.send()
            await asyncio.sleep(pause)
        await self.close()

    async def send(self) -> Send:
        """One more message, however often it takes."""
        name = f"{self.person.name}-{next(NUMBERS)}"
        send = Send(self.person.name, name, f"text of {name}{self.padding}")
        self.sends.append(send)
        clock = asyncio.get_running_loop().time
        while send.message is None:
            send.attempts += 1
            began = clock()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self.attempt(send)
            except AWAY as error:
                self.codes[type(error).__name__] += 1
                await self.close()
                await asyncio.sleep(0.05)
            if send.refusals and send.message is None:
                await asyncio.sleep(0.1)
            self.slowest = max(self.slowest, clock() - began)
        return send

    async def attempt(self, send: Send) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    def _refused(self, send: Send, code: str) -> None:
        assert code == "unavailable", f"refused with {code}"
        send.refusals.append(code)
        self.codes[code] += 1


class SocketSender(Sender):
    """Over a socket, a new one when the old one breaks."""

    _socket: Socket | None = None

    async def attempt(self, send: Send) -> None:
        if self._socket is None:
            socket = self.person.socket(waits_for_hello=False)
            await socket.__aenter__()
            self._socket = socket
        body = {"conversation_id": self.conversation, "content": send.content, "client_id": send.client_id}
        reply = await self._answer(self._socket, body)
        if reply["ok"]:
            send.message = reply["data"]["message"]
        else:
            self._refused(send, reply["error"]["code"])

    async def _answer(self, socket: Socket, body: dict[str, Any]) -> dict[str, Any]:
        try:
            return await socket.ask("message.send", **body)
        except AssertionError as error:
            if socket.code is None:
                raise
            raise ConnectionError(f"closed with {socket.code}") from error

    async def close(self) -> None:
        socket, self._socket = self._socket, None
        if socket:
            await socket.__aexit__()


class HttpSender(Sender):
    """Over HTTP."""

    _client: httpx.AsyncClient | None = None

    async def attempt(self, send: Send) -> None:
        self._client = self._client or httpx.AsyncClient(timeout=ANSWER_SECONDS, headers=self.person.headers)
        answer = await self._client.post(
            f"{self.person.server.url}/api/v1/conversations/{self.conversation}/messages/",
            json={"content": send.content, "client_id": send.client_id},
        )
        if answer.is_success:
            send.message = answer.json()
        else:
            self._refused(send, answer.json()["code"] if answer.status_code != 500 else "internal")
            if answer.status_code == 503:
                assert answer.headers["Retry-After"]

    async def close(self) -> None:
        client, self._client = self._client, None
        if client:
            await client.aclose()


async def until(holds: Callable[[], Any], patience: float, what: str = "") -> Any:
    """Wait until something holds; fails when it does not in time."""
    deadline = asyncio.get_running_loop().time() + patience
    while not (found := holds()):
        assert asyncio.get_running_loop().time() < deadline, f"not within {patience} s: {what}"
        await asyncio.sleep(0.02)
    return found
