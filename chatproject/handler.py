"""Django's ASGI handler, with four differences.

The body of an upload is read when the view asks for it. Django writes a whole body to disk before any view runs, but
files are large, and an upload that is not allowed should be refused before it has arrived.

A body is read whether or not its length was announced. Django and DRF treat a chunked body as empty.

Threads are reused for later requests. Django starts one per request, which would have to open SQLite again, and that
takes as long as most requests.

The number of requests served at once is limited, and so is the number that wait (`request_slots.py`). Health checks,
uploads and requests that hash a password have their own slots: a busy server still answers health checks, slow uploads
delay no other requests, and when a whole class signs in at once, they wait here instead of being refused.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import django
from asgiref.sync import ThreadSensitiveContext
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler

from accounts.hashers import MAX_WAITING
from chatproject.request_slots import RequestSlots
from common.errors import Refusal

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HASHING_PATHS = ("/api/v1/auth/register/", "/api/v1/auth/login/", "/api/v1/auth/password/", "/api/v1/auth/email/")
"""Paths where many people post passwords."""
IDLE_THREADS = 8
"""Idle threads to keep. Under load more are started, and end with their request."""


class Handler(ASGIHandler):
    """Serves HTTP requests."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[ThreadPoolExecutor] = []
        # On PostgreSQL one per connection, so that requests wait here, in order, and not for the pool.
        self._slots = RequestSlots(at_once=8 if settings.DATABASE_IS_POSTGRES else 16, waiting=128)
        self._upload_slots = RequestSlots(at_once=64, waiting=64)
        self._health_slots = RequestSlots(at_once=2, waiting=32)
        self._password_slots = RequestSlots(at_once=MAX_WAITING, waiting=128)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            is_upload = _is_upload(scope)
            body = StreamedBody(receive) if is_upload else SpooledBody(await super().read_body(receive), receive)
        except RequestAborted:
            return
        release = await self._slots_for(scope).acquire()
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, body, _release_before(release, send))
        finally:  # if the client has disconnected, the view may still be running in the thread
            thread.submit(self._reuse, thread, asyncio.get_running_loop(), release)

    def _slots_for(self, scope: dict[str, Any]) -> RequestSlots:
        if scope["path"].startswith("/health/"):
            return self._health_slots
        if scope["method"] == "POST" and scope["path"].startswith(HASHING_PATHS):
            return self._password_slots
        return self._upload_slots if _is_upload(scope) else self._slots

    def _reuse(self, thread: ThreadPoolExecutor, loop: asyncio.AbstractEventLoop, release: Callable[[], None]) -> None:
        if len(self._idle) < IDLE_THREADS:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)
        loop.call_soon_threadsafe(release)

    async def listen_for_disconnect(self, receive: Any) -> None:
        """As Django's, but it ends without an exception. That would keep the request and its answer in a circle, from
        which only the garbage collector frees them, and while it works every socket waits."""
        with suppress(asyncio.CancelledError, RequestAborted):
            await super().listen_for_disconnect(receive)

    async def read_body(self, receive: Any) -> Any:
        return receive.file

    def create_request(self, scope: Any, body_file: Any) -> Any:
        if not any(name == b"content-length" for name, _ in scope["headers"]):
            length = (b"content-length", str(_length_of(body_file)).encode())
            scope = {**scope, "headers": [*scope["headers"], length]}
        return super().create_request(scope, body_file)


def _release_before(release: Callable[[], None], send: Send) -> Send:
    """A `send` that releases the slot when the response starts, so that a slow reader delays no one else."""

    async def release_and_send(message: Message) -> None:
        release()
        await send(message)

    return release_and_send


class SpooledBody:
    """A body that has arrived: `file` holds it, and calling this receives what comes after it."""

    def __init__(self, file: Any, receive: Receive) -> None:
        self.file, self._receive = file, receive

    async def __call__(self) -> Message:
        return await self._receive()


class StreamedBody(io.RawIOBase):
    """A body that is still arriving. The view's thread reads it as a file; in the event loop, calling this waits for
    the end of the body and receives what comes after it. Reading raises what `receive` raises."""

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
        is_disconnected = message["type"] == "http.disconnect"
        if is_disconnected or not message.get("more_body", False):
            self._is_complete.set()
        if is_disconnected:
            raise Refusal("invalid", "The rest of the body did not arrive.")
        return bytes(message.get("body", b""))


def _length_of(body_file: Any) -> int:
    """The size of a body that was sent without one. 1 if it is still arriving, so that it does not count as empty."""
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
    """Set up Django and return its handler."""
    django.setup(set_prefix=False)
    return Handler()
