"""The handshake of a socket: from where it is opened, and by whom."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http.request import validate_host

from accounts.authentication import session_of
from accounts.models import Session
from accounts.services import session_of_ticket
from messaging.threads import in_thread


async def session_of_scope(scope: dict[str, Any]) -> Session | None:
    """The session by `?ticket=`, by the `Authorization` header or, where the settings allow it, by `?token=`. None when
    the first frame is to tell. Refuses `token_invalid`."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    if "ticket" in query:
        return await in_thread(session_of_ticket, query["ticket"][0])
    if header.lower().startswith("bearer "):
        return await in_thread(session_of, header[7:])
    if "token" in query and settings.SOCKET_TOKEN_IN_QUERY:
        return await in_thread(session_of, query["token"][0])
    return None


def is_origin_allowed(scope: dict[str, Any]) -> bool:
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
