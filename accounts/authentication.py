"""Who calls, and how often they may: what every HTTP door asks first."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import services, tokens
from accounts.models import Session, User
from chatproject.common import gate, limits
from chatproject.common.errors import Refusal


class SignedInRequest(Request):
    """What views behind sign-in get (for the type checker)."""

    if TYPE_CHECKING:
        user: User  # type: ignore[assignment]
        auth: Session  # type: ignore[assignment]


def session_of(token: str) -> Session:
    """The live session, with its user, that an access token names. Refuses `token_invalid`."""
    session_id, user_id, generation = tokens.read_access(token)
    session = Session.objects.live().filter(id=session_id, user=user_id).first()
    if session is None:
        raise Refusal("token_invalid")
    services.note_received(session, generation)
    return session


def bearer_of(request: Any) -> str | None:
    """The token in `Authorization: Bearer …`; None when the request brings none."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class BearerAuthentication(BaseAuthentication):
    """`request.user` is the caller, `request.auth` their session: looked up each time, so that it ends at once."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        token = bearer_of(request)
        if token is None:
            return None
        try:
            session = session_of(token)
        except Refusal:
            _count_failure(request, tokens.session_named(token))
            raise
        services.touch(session)
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _count_failure(request: Request, session_id: UUID | None) -> None:
    """A token that has expired is counted by its session: many people behind one address come back at the same time,
    and none of them is a stranger. Refuses `rate_limited`."""
    if session_id:
        gate.mark_admitted(request._request)
        limits.spend(settings.RATE_REQUESTS, f"expired:{session_id}")


PICTURES_COOKIE, FILES_COOKIE = "chat_pictures", "chat_files"


class CookieAuthentication(BaseAuthentication):
    """For what a page shows or saves by its address alone: it cannot send a token there, so browsers show a cookie. It
    only reads, and opens one kind of thing."""

    cookie: str

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        token = request.COOKIES.get(self.cookie)
        if not token or request.method not in ("GET", "HEAD"):
            return None
        session = Session.objects.live().filter(id=tokens.read_cookie_token(self.cookie, token)).first()
        if session is None:
            raise Refusal("token_invalid")
        return session.user, session


class PictureAuthentication(CookieAuthentication):
    """For pictures alone (`<img>`)."""

    cookie = PICTURES_COOKIE


class FileAuthentication(CookieAuthentication):
    """For films, sounds and what is saved: files of messages and one's own archives."""

    cookie = FILES_COOKIE


LINK = {"link": (str, "What `media/links/` has signed this address with: for pages of other origins.")}
"""The parameter of views that take links."""
LINK_IN_QUERY = re.compile(r"(?:^|&)link=([0-9a-f.]+)(?:&|$)", re.ASCII)


def link_of(request: Any) -> str | None:
    """The token of a signed link; None when the request is for no such link. It only reads."""
    found = LINK_IN_QUERY.search(request.META.get("QUERY_STRING", ""))
    return found[1] if found and request.method in ("GET", "HEAD") else None


class LinkAuthentication(BaseAuthentication):
    """For what a page of another origin shows by its address alone: it can send no token there, and no cookie goes
    along. A link opens one address for some minutes, while its session lives, and only what its person may see."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        token = link_of(request)
        if token is None:
            return None
        session_id, is_good = tokens.read_link(token, request.path)
        session = Session.objects.live().filter(id=session_id).first() if is_good else None
        if session is None:
            _count_failure(request, session_id)
            raise Refusal("token_invalid")
        return session.user, session


def shows_sign_in(request: HttpRequest) -> bool:
    """Whether a request brings what was once given out here to somebody who signed in. Whether it is still good, the
    database says."""
    if token := bearer_of(request):
        return tokens.session_named(token) is not None
    if token := link_of(request):
        return _is_ours(tokens.read_link, token, request.path)
    return request.method in ("GET", "HEAD") and any(
        _is_ours(tokens.read_cookie_token, name, request.COOKIES.get(name, ""))
        for name in (PICTURES_COOKIE, FILES_COOKIE)
    )


def _is_ours(read: Callable[..., object], *shown: str) -> bool:
    try:
        read(*shown)
    except Refusal:
        return False
    return True


class CookieScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names them."""

    target_class = CookieAuthentication
    match_subclasses = True

    @property
    def name(self) -> str:  # type: ignore[override]
        return str(self.target.cookie).removeprefix("chat_")

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": self.target.cookie}


class LinkScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names it."""

    target_class = LinkAuthentication
    name = "link"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "query", "name": "link"}


class BearerScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names it."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class RequestThrottle(BaseThrottle):
    """`RATE_REQUESTS_USER` by person; who has not signed in is counted by the outer gate."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.user:
            limits.spend(settings.RATE_REQUESTS_USER, f"requests:{request.user.pk}")
        else:
            gate.admit_request(request._request)
        return True
