"""A small client for tests: people with tokens on a real server, and their sockets."""

import asyncio
import itertools
import json
import re
import secrets
from collections.abc import Callable
from copy import copy
from typing import Any, Self

import django
import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chatproject.tests import canaries
from chatproject.tests.server import ROOT, Server, http

django.setup()  # a conftest imports this before Django is ready, and frames are read into our structs
from chatproject.tests import documented  # noqa: E402
from messaging.realtime.events import EVENTS  # noqa: E402

LIMITS = re.findall(r"^(RATE_[A-Z_]+) =", (ROOT / "chatproject" / "settings.py").read_text(), re.MULTILINE)
GENEROUS = {"REQUIRE_EMAIL_VERIFICATION": "false", **dict.fromkeys(LIMITS, "100000/s")}
"""Settings under which tests may hurry. Those of limits start servers of their own."""
PATIENCE = 10.0
PASSWORD = canaries.note("password", "correct horse 7")


def understood(text: str) -> dict[str, Any]:
    """A frame, after checking that it is what `messaging/realtime/events/` documents: no field more, none less."""
    frame: dict[str, Any] = json.loads(text)
    assert msgspec.to_builtins(msgspec.json.decode(text, type=EVENTS)) == frame
    return frame


def bearer(token: str) -> dict[str, str]:
    """The header that signs in."""
    return {"Authorization": f"Bearer {token}"}


class Person:
    """Somebody signed in to a server, over HTTP."""

    def __init__(self, server: Server, name: str) -> None:
        self.server, self.name = server, name
        answer = http.post(
            f"{server.url}/api/v1/auth/register/",
            json={"email": f"{name}@example.org", "username": name, "password": PASSWORD},
        )
        assert answer.status_code == 201, answer.text
        self.id: str = answer.json()["user"]["id"]
        self.token: str = answer.json()["access"]
        self.headers = bearer(self.token)

    @classmethod
    def operating(cls, server: Server, name: str) -> Self:
        """Somebody who may do everything in the console."""
        names = ("--email", f"{name}@example.org", "--username", name, "--password-stdin")
        made = server.run("create_operator", *names, input=f"{PASSWORD}\n")
        assert made.returncode == 0, made.stderr
        nobody = cls.__new__(cls)
        nobody.server, nobody.name = server, name
        one = nobody.again()
        one.id = one.get("users/me/")["id"]
        return one

    def again(self) -> Self:
        """The same person on another device."""
        other = copy(self)
        body = {"login": self.name, "password": PASSWORD}
        other.token = http.post(f"{self.server.url}/api/v1/auth/login/", json=body).json()["access"]
        other.headers = bearer(other.token)
        return other

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request below `/api/v1/`."""
        answer = http.request(method, f"{self.server.url}/api/v1/{path}", headers=self.headers, **more)
        documented.check(
            method, answer.url.path, answer.status_code, answer.headers.get("content-type", ""), answer.content
        )
        return answer

    def code(self, method: str, path: str, body: Any = None) -> str:
        """The code of a refusal; `ok` when it was none."""
        answer = self.call(method, path, json=body) if body is not None else self.call(method, path)
        return "ok" if answer.is_success else answer.json()["code"]

    def row(self, conversation: str) -> dict[str, Any]:
        """A conversation as it stands in their list."""
        return self.get(f"conversations/{conversation}/")

    def write(self, conversation: str, content: str = "Hello", **more: Any) -> dict[str, Any]:
        """Send a message over HTTP; the stored one."""
        return self.post(f"conversations/{conversation}/messages/", {"content": content, **more})

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.call("POST", path, json=body or {})
        assert answer.status_code < 300, answer.text
        found = answer.json() if answer.content else None
        if path == "auth/ws-ticket/":
            canaries.note("ticket", found["ticket"])
        return found

    def group(self, *others: "Person", **more: Any) -> str:
        """A new group with these people; its id."""
        body = {"kind": "group", "name": "Friends", "member_ids": [other.id for other in others], **more}
        return self.post("conversations/", body)["id"]

    def history(self, conversation: str) -> list[dict[str, Any]]:
        """All messages of a conversation, by pages of 100."""
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["seq"] if found else 0
            page = self.get(f"conversations/{conversation}/messages/?after={after}&limit=100")["results"]
            if not page:
                return found
            found += page

    def socket(self, **more: Any) -> "Socket":
        """A socket of theirs: `async with alice.socket() as socket`."""
        return Socket(self, **more)


class Returning(Person):
    """Somebody who signs in again for each call, where tokens live for seconds."""

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return Person.call(self.again(), method, path, **more)


class Socket:
    """A socket that collects what it receives; `received` holds all frames but replies, in order."""

    def __init__(
        self,
        person: Person,
        path: str = "/ws/",
        *,
        waits_for_hello: bool = True,
        signs_in: bool = True,
        **connecting: Any,
    ) -> None:
        self.person, self.path, self.signs_in = person, path, signs_in
        self.waits_for_hello = waits_for_hello and signs_in
        self.connecting = connecting
        self.received: list[dict[str, Any]] = []
        self.replies: dict[Any, dict[str, Any]] = {}
        self.code: int | None = None
        self._next = 0
        self._change = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.connection: ClientConnection = await connect(
            f"{self.person.server.ws_url}{self.path}", max_size=None, ping_interval=None, **self.connecting
        )
        self._reader = asyncio.create_task(self._read())
        if self.signs_in:
            await self.frame({"type": "authenticate", "id": "in", "data": {"token": self.person.token}})
        if self.waits_for_hello:
            await self.until(lambda: self.of("hello"))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.connection.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                frame = understood(text)
                if frame["type"] == "reply":
                    assert frame["id"] not in self.replies, "answered twice"
                    self.replies[frame["id"]] = frame
                else:
                    self.received.append(frame)
                self._change.set()
        except ConnectionClosed:
            pass
        finally:
            self.code = self.connection.close_code or 0
            self._change.set()

    def of(self, type_: str) -> list[dict[str, Any]]:
        """The events of this type that were received."""
        return [frame for frame in self.received if frame["type"] == type_]

    def seqs(self, conversation: str) -> list[int]:
        """The seqs of a conversation's log in the order in which they were received."""
        return [f["seq"] for f in self.received if f.get("conversation_id") == conversation and "seq" in f]

    async def until(self, holds: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Wait until something holds of what was received."""
        async with asyncio.timeout(patience):
            while not (found := holds()):
                if self.code is not None:
                    raise AssertionError(f"closed with {self.code}; received {self.received[-3:]}")
                self._change.clear()
                await self._change.wait()
        return found

    async def expect(self, type_: str, patience: float = PATIENCE, **data: Any) -> dict[str, Any]:
        """Wait for an event of this type whose data has these values."""

        def found() -> dict[str, Any] | None:
            return next((f for f in self.of(type_) if data.items() <= f.get("data", {}).items()), None)

        return await self.until(found, patience)

    async def enters(self, conversation: str) -> None:
        """Wait for `conversation.added`, or for a fresh `hello` instead that has the conversation."""
        await self.until(lambda: self._has_event_or_hello(conversation, "conversation.added", True))

    async def leaves(self, conversation: str) -> None:
        """Wait for `conversation.removed`, or for a fresh `hello` instead without the conversation."""
        await self.until(lambda: self._has_event_or_hello(conversation, "conversation.removed", False))

    def _has_event_or_hello(self, conversation: str, kind: str, is_in: bool) -> bool:
        fresh = self.of("hello")[1:]
        by_hello = bool(fresh) and is_in is (conversation in [c["id"] for c in fresh[-1]["data"]["conversations"]])
        return by_hello or any(frame["conversation_id"] == conversation for frame in self.of(kind))

    async def closed(self, patience: float = PATIENCE) -> int:
        """Wait until the server closes; the code."""
        async with asyncio.timeout(patience):
            await self.connection.wait_closed()
        await self._reader
        assert self.code is not None
        return self.code

    async def frame(self, frame: Any) -> None:
        """Send a frame, as JSON or as it is."""
        await self.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def ask(self, type_: str, **data: Any) -> dict[str, Any]:
        """Send a command and wait for its reply."""
        self._next += 1
        id_ = f"r{self._next}"
        await self.frame({"type": type_, "id": id_, "data": data})
        return await self.until(lambda: self.replies.get(id_))

    async def say(self, conversation: str, content: str, **more: Any) -> dict[str, Any]:
        """Send a message; the stored one."""
        reply = await self.ask("message.send", conversation_id=conversation, content=content, **more)
        assert reply["ok"], reply
        return reply["data"]["message"]

    async def quiet(self) -> None:
        """Wait until everything sent before has been answered, and what it published has been received."""
        await self.ask("ping")
        await asyncio.sleep(0.1)


def cast_on(server: Server) -> Callable[[str], Person]:
    """Makes people on a server; their names carry a number so that tests do not meet."""
    numbers = itertools.count()
    test = secrets.token_hex(4)
    return lambda name: Person(server, f"{name}-{test}{next(numbers)}")
