"""Strangers meet the outer gate before anything is done for them."""

import io
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from accounts.authentication import shows_sign_in
from chatproject.body_limit import Application, Receive, Send
from common import address_limits
from common.addresses import address_of

GUARDED = ("/api/", "/admin/")
BY_SESSION = ("/api/v1/auth/refresh/", "/api/v1/auth/logout/")
"""Sign-ins are named in their small bodies: they are counted when these are read, by session. Many people may share an
address, and all of them come back at once after a restart."""


class StrangerGate:
    """ASGI middleware: counts, by address, each request that does not show a sign-in, before its body is read. Who
    shows one is counted by person later; if it turns out to be worth nothing, then as a stranger after all."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["path"].startswith(GUARDED) and scope["path"] not in BY_SESSION:
            query = scope["query_string"].decode("latin-1")  # Django itself stumbles over some bytes
            request = ASGIRequest({**scope, "query_string": query}, io.BytesIO())
            if _is_strangers(request):
                await address_limits.count_stranger(address_of(request))
                scope["chat.is_counted"] = True
        await self.app(scope, receive, send)


def _is_strangers(request: HttpRequest) -> bool:
    if request.path.startswith("/admin/"):
        return settings.SESSION_COOKIE_NAME not in request.COOKIES
    is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    return not is_preflight and not shows_sign_in(request)
