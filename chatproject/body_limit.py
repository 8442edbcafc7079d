"""Limits request bodies before Django sees them, because Django writes a whole body to disk before any view runs."""

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

from common.errors import Refusal
from common.ids import uuid7
from common.problems import problem_response
from media.limits import seconds_to_receive
from media.upload_parser import FORM_SIZE, max_file_size

logger = structlog.get_logger("chatproject.requests")

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

MAX_HEADER_BYTES = 32 * 1024
UPLOADS_PATH, AVATAR_ENDING = "/api/v1/media/", "/avatar/"
SIGN_IN_PATHS = ("/api/v1/auth/", "/admin/login/")
MAX_SIGN_IN_BYTES = 8 * 1024
"""For bodies that are read before the sender is known."""
MAX_PAUSE_SECONDS = 20.0
"""The longest pause in which no byte of a body arrives."""
MIN_BYTES_PER_SECOND = 1024
"""The lowest average speed of a body, after the first `MAX_PAUSE_SECONDS`."""
LINGER_SECONDS, LINGER_BYTES = 3.0, 16 * 1024 * 1024
"""How much of a refused body is read and discarded. Closing at once would reset the connection, and many clients would
never see the response."""


class BodyLimit:
    """ASGI middleware that responds with 413 as soon as a body is announced as too large or becomes too large.

    If a response does not wait for the whole body, the client still receives it, and then the connection closes. If
    uvicorn cancels a request because the server is stopping, the response is 503 (uvicorn's own would be 500).
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        limit = limit_of(scope["path"])
        body = LimitedBody(receive, limit, seconds_to_receive(_expected_size(scope["headers"], limit)))
        response = ResponseSender(_close_after_response(scope, body, send))
        try:
            _check_headers(scope["headers"], limit)
            await self.app(scope, body, response)
        except Refusal as refusal:
            await _refuse(scope, body, send, refusal)
        except asyncio.CancelledError:
            if response.has_started:
                raise
            await _refuse(scope, body, send, Refusal("unavailable", "This server is stopping.", retry_after=1))


def limit_of(path: str) -> int:
    """The maximum size in bytes of a body sent to this path."""
    limit: int = settings.MAX_BODY_BYTES
    if path == UPLOADS_PATH:
        limit = max_file_size() + FORM_SIZE
    elif path.endswith(AVATAR_ENDING):
        limit = settings.MAX_AVATAR_MB * 1024 * 1024 + FORM_SIZE
    elif path.startswith(SIGN_IN_PATHS):
        limit = MAX_SIGN_IN_BYTES
    return limit


def _expected_size(headers: list[tuple[bytes, bytes]], limit: int) -> int:
    """The announced size of a body, or the limit if it is not announced."""
    return next((int(value) for name, value in headers if name == b"content-length"), limit)


def _check_headers(headers: list[tuple[bytes, bytes]], limit: int) -> None:
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        raise Refusal("too_large", f"The headers are larger than {MAX_HEADER_BYTES} bytes.")
    for name, value in headers:
        if name == b"content-length" and int(value) > limit:
            raise _too_large(limit)


class LimitedBody:
    """A `receive` that refuses a body that is too large, stalls, or takes longer than `seconds`. `is_complete`: all of
    it has arrived."""

    def __init__(self, receive: Receive, limit: int, seconds: float = math.inf) -> None:
        self.is_complete = False
        self._receive, self._limit, self._seconds = receive, limit, seconds
        self._size, self._began = 0, asyncio.get_running_loop().time()

    async def __call__(self) -> Message:
        if self.is_complete:  # what follows is the end of the connection, which may take any time
            return await self._receive()
        message = await self._receive_in_time()
        self._size += len(message.get("body", b""))
        self.is_complete = not message.get("more_body", False)
        if self._size > self._limit:
            raise _too_large(self._limit)
        return message

    async def discard(self) -> None:
        """Read and discard the rest of the body, for a few seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await _discard(self._receive)

    async def _receive_in_time(self) -> Message:
        allowed = min(self._seconds, MAX_PAUSE_SECONDS + self._size / MIN_BYTES_PER_SECOND)
        timeout = min(MAX_PAUSE_SECONDS, self._began + allowed - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(timeout):
                return await self._receive()
        except TimeoutError:
            raise Refusal("invalid", "The rest of the body did not arrive.") from None


class ResponseSender:
    """A `send` that knows whether the response has started."""

    def __init__(self, send: Send) -> None:
        self.has_started, self._send = False, send

    async def __call__(self, message: Message) -> None:
        self.has_started = True
        await self._send(message)


def _close_after_response(scope: dict[str, Any], body: LimitedBody, send: Send) -> Send:
    """A `send` that closes the connection after a response that did not wait for the whole body."""

    async def send_and_close(message: Message) -> None:
        if _is_read(scope, body):
            return await send(message)
        if message["type"] == "http.response.start":
            return await send({**message, "headers": [*message["headers"], (b"connection", b"close")]})
        if message.get("more_body", False):
            return await send(message)
        await send({**message, "more_body": True})
        await body.discard()
        return await send({"type": "http.response.body", "body": b""})

    return send_and_close


def _is_read(scope: dict[str, Any], body: LimitedBody) -> bool:
    has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
    return body.is_complete or not has_body


def _too_large(limit: int) -> Refusal:
    return Refusal("too_large", f"The body is larger than {limit} bytes.")


async def _refuse(scope: dict[str, Any], body: LimitedBody, send: Send, refusal: Refusal) -> None:
    request_id = uuid7().hex
    logger.info("request", method=scope["method"], path=scope["path"], status=refusal.status, request_id=request_id)
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
    """Let pages of allowed origins read the refusal."""
    request = ASGIRequest({**scope, "query_string": b""}, io.BytesIO())
    CorsMiddleware(lambda request: response).add_response_headers(request, response)


async def _discard(receive: Receive) -> None:
    size = 0
    while size < LINGER_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            return
