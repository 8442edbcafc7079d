"""ASGI middleware of the sockets: which pages may open one, and with what it signs in.

Neither class awaits anything, so no coroutine of theirs stays in memory while a socket is open.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http.request import validate_host

from accounts.authentication import session_of
from accounts.models import Session
from accounts.services import session_of_ticket
from messaging.realtime.close_codes import REFUSED

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class OriginValidator:
    """Lets through our own pages, those that the settings name, and clients that are no browsers."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        application = self.application if is_origin_allowed(scope) else deny
        return application(scope, receive, send)


class SignInMiddleware:
    """Puts into `scope["find_session"]` the function that looks up the session by `?ticket=`, by the `Authorization`
    header or, where the settings allow it, by `?token=`. None when the first frame is to sign in.

    The consumer calls it in a thread, after it has accepted the socket: only then can it close with a code."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        scope["find_session"] = _find_session(scope)
        return self.application(scope, receive, send)


async def deny(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse the handshake."""
    await receive()
    await send({"type": "websocket.close", "code": REFUSED})


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept the socket and close it, so that its client gets a code."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": offered_subprotocol(scope)})
    await send({"type": "websocket.close", "code": REFUSED})


SUBPROTOCOL = "chat.v1"


def offered_subprotocol(scope: Scope) -> str | None:
    """Our subprotocol when the client offers it."""
    return SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None


def is_origin_allowed(scope: Scope) -> bool:
    """Browsers say where a page comes from: ours, or one that the settings name. Other clients say nothing."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is None:
        return True
    shown = origin.decode("latin-1").lower()
    if shown in settings.CORS_ALLOWED_ORIGINS or shown in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = headers.get(b"host", b"").decode("latin-1").lower()
    try:
        parts = urlsplit(shown)
    except ValueError:
        return False
    return parts.netloc == host and bool(host) and validate_host(parts.hostname or "", settings.ALLOWED_HOSTS)


def _find_session(scope: Scope) -> Callable[[], Session] | None:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    if "ticket" in query:
        return partial(session_of_ticket, query["ticket"][0])
    if header.lower().startswith("bearer "):
        return partial(session_of, header[7:])
    if "token" in query and settings.SOCKET_TOKEN_IN_QUERY:
        return partial(session_of, query["token"][0])
    return None
