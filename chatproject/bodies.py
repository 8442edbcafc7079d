"""Bodies are capped before Django sees them: it would spool the whole body to disk before any view is asked."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from django.conf import settings

from chatproject.common.errors import Refusal
from chatproject.common.ids import uuid7
from chatproject.common.problems import problem_response

log = structlog.get_logger("chatproject.requests")

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

MAX_HEADER_BYTES = 32 * 1024
AVATAR_PATH = "/api/v1/users/me/avatar/"
MULTIPART_FRAME = 64 * 1024
"""What a form may add around the file."""
SILENCE = 20.0
"""Seconds without a byte of the body after which it is not waited for."""
LINGER_SECONDS, LINGER_BYTES = 3.0, 16 * 1024 * 1024
"""How long the rest of a refused body is read and thrown away: closing at once would reset the connection, and many
clients would never see the answer."""


class BodyLimit:
    """ASGI middleware: answers 413 as soon as a body is announced or grows too large, and closes the connection."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            limit = limit_of(scope["path"])
            _check_headers(scope["headers"], limit)
            await self.app(scope, _limited(receive, limit), send)
        except Refusal as refusal:
            await _refuse(scope, receive, send, refusal)


def limit_of(path: str) -> int:
    """The bytes that a body sent to this path may have."""
    limit: int = settings.MAX_BODY_BYTES
    if path == AVATAR_PATH:
        limit = settings.MAX_AVATAR_MB * 1024 * 1024 + MULTIPART_FRAME
    return limit


def _check_headers(headers: list[tuple[bytes, bytes]], limit: int) -> None:
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        raise Refusal("too_large", f"The headers are larger than {MAX_HEADER_BYTES} bytes.")
    for name, value in headers:
        if name == b"content-length" and int(value) > limit:
            raise _too_large(limit)


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive` that raises a refusal when the body is too large or stops coming."""
    size, complete = 0, False

    async def limited() -> Message:
        nonlocal size, complete
        if complete:  # only the end of the connection is still waited for, as long as it takes
            return await receive()
        try:
            async with asyncio.timeout(SILENCE):
                message = await receive()
        except TimeoutError:
            raise Refusal("invalid", "The rest of the body did not come.") from None
        size += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if size > limit:
            raise _too_large(limit)
        return message

    return limited


def _too_large(limit: int) -> Refusal:
    return Refusal("too_large", f"The body is larger than {limit} bytes.")


async def _refuse(scope: dict[str, Any], receive: Receive, send: Send, refusal: Refusal) -> None:
    request_id = uuid7().hex
    log.info("request", method=scope["method"], path=scope["path"], status=refusal.status, request_id=request_id)
    response = problem_response(refusal, request_id)
    response["Connection"] = "close"
    response["Content-Length"] = str(len(response.content))
    response["X-Request-Id"] = request_id
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content, "more_body": True})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            await _discard(receive)
    await send({"type": "http.response.body", "body": b""})


async def _discard(receive: Receive) -> None:
    size = 0
    while size < LINGER_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            return
