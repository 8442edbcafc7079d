"""Django's handler, with four differences.

The body of an upload is read when the view asks for it. Django spools a whole body to disk before any view is asked.
Files are large, and who may not send them is to be told so before they arrive.

A body is there whether its length was announced or not: Django and its API framework take one that was sent in chunks
for an empty one.

Threads are kept from one request to the next. Django makes one for each, which would open SQLite anew: that takes as
long as most requests.

Only so many requests are worked on at once, and only so many more wait (`slots.py`). Health checks, uploads and what
hashes a password have slots of their own: a busy server still answers the first, slow uploads delay nobody else, and a
class that signs in at once waits its turn here, instead of being refused where passwords are hashed.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
from asgiref.sync import ThreadSensitiveContext
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler

from accounts.hashers import WAITING
from chatproject.common.errors import Refusal
from chatproject.slots import Slots

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HASHING = ("/api/v1/auth/register/", "/api/v1/auth/login/", "/api/v1/auth/password/", "/api/v1/auth/email/")
"""Where passwords are posted by many."""
KEPT = 8
"""Threads that wait for requests. More are made while more are served at once; they end with their request."""


class Handler(ASGIHandler):
    """Serves HTTP."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[ThreadPoolExecutor] = []
        # On PostgreSQL as many as have a connection: they wait their turn here, in order, and not for the pool.
        self._slots = Slots(at_once=8 if settings.DATABASE_IS_POSTGRES else 16, waiting=128)
        self._upload_slots = Slots(at_once=64, waiting=64)
        self._health_slots = Slots(at_once=2, waiting=32)
        self._password_slots = Slots(at_once=WAITING, waiting=128)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            body = Body(receive) if _is_upload(scope) else Spooled(await super().read_body(receive), receive)
        except RequestAborted:
            return
        release = await self._slots_for(scope).acquire()
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, body, _then(release, send))
        finally:  # of a client that has gone, the view may be at work still
            thread.submit(self._keep, thread, asyncio.get_running_loop(), release)

    def _slots_for(self, scope: dict[str, Any]) -> Slots:
        if scope["path"].startswith("/health/"):
            return self._health_slots
        if scope["method"] == "POST" and scope["path"].startswith(HASHING):
            return self._password_slots
        return self._upload_slots if _is_upload(scope) else self._slots

    def _keep(self, thread: ThreadPoolExecutor, loop: asyncio.AbstractEventLoop, release: Callable[[], None]) -> None:
        if len(self._idle) < KEPT:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)
        loop.call_soon_threadsafe(release)

    async def read_body(self, receive: Any) -> Any:
        return receive.file

    def create_request(self, scope: Any, body_file: Any) -> Any:
        if not any(name == b"content-length" for name, _ in scope["headers"]):
            length = (b"content-length", str(_length_of(body_file)).encode())
            scope = {**scope, "headers": [*scope["headers"], length]}
        return super().create_request(scope, body_file)


def _then(release: Callable[[], None], send: Send) -> Send:
    """`send` that releases the slot when the answer begins: how fast a client reads delays nobody else."""

    async def sending(message: Message) -> None:
        release()
        await send(message)

    return sending


class Spooled:
    """A `receive` after the body, which has arrived and lies in `file`."""

    def __init__(self, file: Any, receive: Receive) -> None:
        self.file, self._receive = file, receive

    async def __call__(self) -> Message:
        return await self._receive()


class Body(io.RawIOBase):
    """A body that is still on its way: a file for the view's thread, and for the event loop a `receive` that begins
    after it. Reading raises what `receive` raises."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._is_complete = asyncio.Event()
        self._read = b""

    @property
    def file(self) -> io.BufferedReader:
        return io.BufferedReader(self)

    async def __call__(self) -> Message:
        await self._is_complete.wait()
        return await self._receive()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._read and not self._is_complete.is_set():
            self._read = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        size = min(len(buffer), len(self._read))
        buffer[:size], self._read = self._read[:size], self._read[size:]
        return size

    async def _next(self) -> bytes:
        message = await self._receive()
        is_gone = message["type"] == "http.disconnect"
        if is_gone or not message.get("more_body", False):
            self._is_complete.set()
        if is_gone:
            raise Refusal("invalid", "The rest of the body did not come.")
        return bytes(message.get("body", b""))


def _length_of(body_file: Any) -> int:
    """The bytes of a body that did not say so itself; of one that is still on its way, that there may be some."""
    if isinstance(body_file, io.BufferedReader):
        return 1
    length: int = body_file.seek(0, io.SEEK_END)
    body_file.seek(0)
    return length


def _is_upload(scope: dict[str, Any]) -> bool:
    return scope["path"].startswith("/api/") and any(
        name == b"content-type" and value.startswith(b"multipart/") for name, value in scope["headers"]
    )


def application() -> Handler:
    """The handler, Django being set up."""
    django.setup(set_prefix=False)
    return Handler()
