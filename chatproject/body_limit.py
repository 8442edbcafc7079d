"""Bodies are capped before Django sees them: it would spool the whole body to disk before any view is asked."""

import asyncio
import contextlib
import io
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from chatproject.common.errors import Refusal
from chatproject.common.ids import uuid7
from chatproject.common.problems import problem_response
from media.arriving import FORM_SIZE, largest
from media.limits import seconds_for

log = structlog.get_logger("chatproject.requests")

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

MAX_HEADER_BYTES = 32 * 1024
UPLOADS_PATH, AVATAR_ENDING = "/api/v1/media/", "/avatar/"
SIGN_IN_PATHS = ("/api/v1/auth/", "/admin/login/")
MAX_SIGN_IN_BYTES = 8 * 1024
"""For bodies that are read before it is known who sends them."""
SILENCE = 20.0
"""Seconds without a byte of the body after which it is not waited for."""
SLOWEST = 1024
"""Bytes a second that a body brings at least, on average, once it has been on its way for `SILENCE`."""
LINGER_SECONDS, LINGER_BYTES = 3.0, 16 * 1024 * 1024
"""How long the rest of a refused body is read and thrown away: closing at once would reset the connection, and many
clients would never see the answer."""


class BodyLimit:
    """ASGI middleware: answers 413 as soon as a body is announced or grows too large. Whoever is answered before their
    body was read sees the answer, and then the connection closes. And answers 503 where a server that stops waits no
    longer, which uvicorn says by cancelling, and would answer with a 500."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        limit = limit_of(scope["path"])
        body = Limited(receive, limit, seconds_for(_expected(scope["headers"], limit)))
        answer = Answer(_closing(scope, body, send))
        try:
            _check_headers(scope["headers"], limit)
            await self.app(scope, body, answer)
        except Refusal as refusal:
            await _refuse(scope, body, send, refusal)
        except asyncio.CancelledError:
            if answer.has_begun:
                raise
            await _refuse(scope, body, send, Refusal("unavailable", "This server stops.", retry_after=1))


def limit_of(path: str) -> int:
    """The bytes that a body sent to this path may have."""
    limit: int = settings.MAX_BODY_BYTES
    if path == UPLOADS_PATH:
        limit = largest() + FORM_SIZE
    elif path.endswith(AVATAR_ENDING):
        limit = settings.MAX_AVATAR_MB * 1024 * 1024 + FORM_SIZE
    elif path.startswith(SIGN_IN_PATHS):
        limit = MAX_SIGN_IN_BYTES
    return limit


def _expected(headers: list[tuple[bytes, bytes]], limit: int) -> int:
    """The bytes of a body that says how many it has; of another, as many as it may have."""
    return next((int(value) for name, value in headers if name == b"content-length"), limit)


def _check_headers(headers: list[tuple[bytes, bytes]], limit: int) -> None:
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        raise Refusal("too_large", f"The headers are larger than {MAX_HEADER_BYTES} bytes.")
    for name, value in headers:
        if name == b"content-length" and int(value) > limit:
            raise _too_large(limit)


class Limited:
    """A `receive` that raises a refusal when the body is too large, stops coming, or takes longer than `seconds`.
    `is_complete`: all of it came."""

    def __init__(self, receive: Receive, limit: int, seconds: float = math.inf) -> None:
        self.is_complete = False
        self._receive, self._limit, self._seconds = receive, limit, seconds
        self._size, self._began = 0, asyncio.get_running_loop().time()

    async def __call__(self) -> Message:
        if self.is_complete:  # only the end of the connection is still waited for, as long as it takes
            return await self._receive()
        message = await self._in_time()
        self._size += len(message.get("body", b""))
        self.is_complete = not message.get("more_body", False)
        if self._size > self._limit:
            raise _too_large(self._limit)
        return message

    async def discard(self) -> None:
        """Read on and throw away, for a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await _discard(self._receive)

    async def _in_time(self) -> Message:
        most = min(self._seconds, SILENCE + self._size / SLOWEST)
        patience = min(SILENCE, self._began + most - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(patience):
                return await self._receive()
        except TimeoutError:
            raise Refusal("invalid", "The rest of the body did not come.") from None


class Answer:
    """A `send` that knows whether the answer has begun."""

    def __init__(self, send: Send) -> None:
        self.has_begun, self._send = False, send

    async def __call__(self, message: Message) -> None:
        self.has_begun = True
        await self._send(message)


def _closing(scope: dict[str, Any], body: Limited, send: Send) -> Send:
    """`send` that closes the connection after an answer that did not wait for the whole body."""

    async def closing(message: Message) -> None:
        if _is_read(scope, body):
            return await send(message)
        if message["type"] == "http.response.start":
            return await send({**message, "headers": [*message["headers"], (b"connection", b"close")]})
        if message.get("more_body", False):
            return await send(message)
        await send({**message, "more_body": True})
        await body.discard()
        return await send({"type": "http.response.body", "body": b""})

    return closing


def _is_read(scope: dict[str, Any], body: Limited) -> bool:
    has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
    return body.is_complete or not has_body


def _too_large(limit: int) -> Refusal:
    return Refusal("too_large", f"The body is larger than {limit} bytes.")


async def _refuse(scope: dict[str, Any], body: Limited, send: Send, refusal: Refusal) -> None:
    request_id = uuid7().hex
    log.info("request", method=scope["method"], path=scope["path"], status=refusal.status, request_id=request_id)
    response = problem_response(refusal, request_id)
    response["Content-Length"] = str(len(response.content))
    response["X-Request-Id"] = request_id
    if not body.is_complete:
        response["Connection"] = "close"
    _add_cors_headers(scope, response)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content, "more_body": True})
    if not _is_read(scope, body):
        await body.discard()
    await send({"type": "http.response.body", "body": b""})


def _add_cors_headers(scope: dict[str, Any], response: HttpResponse) -> None:
    """Pages of other origins that may use the API may also read why it refused."""
    request = ASGIRequest({**scope, "query_string": b""}, io.BytesIO())
    CorsMiddleware(lambda request: response).add_response_headers(request, response)


async def _discard(receive: Receive) -> None:
    size = 0
    while size < LINGER_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            return
