"""Who is calling, and how often they may: what every HTTP endpoint checks first."""

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
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts import services, tokens
from accounts.models import Session, User
from common import address_limits, limits
from common.errors import Refusal


class SignedInRequest(Request):
    """The request of a view that needs a sign-in (for the type checker)."""

    if TYPE_CHECKING:
        user: User  # type: ignore[assignment]
        auth: Session  # type: ignore[assignment]


def session_of(token: str) -> Session:
    """The live session, with its user, that an access token names. Refuses `token_invalid`."""
    authentication = BearerAuthentication()
    return authentication.get_session(authentication.get_validated_token(token))


def bearer_of(request: Any) -> str | None:
    """The token in `Authorization: Bearer …`; None if the request has none."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class BearerAuthentication(JWTAuthentication):
    """`request.user` is the caller, `request.auth` their session, looked up for each request: when it ends, so do its
    tokens."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:  # type: ignore[override]
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

    def get_validated_token(self, raw_token: str) -> tokens.AccessToken:  # type: ignore[override]
        """Refuses `token_invalid`."""
        return tokens.read_access(raw_token)

    def get_session(self, validated_token: tokens.AccessToken) -> Session:
        """The live session that the token names. Refuses `token_invalid`."""
        session = Session.objects.find_live(validated_token.session_id)
        if session is None or session.user_id != validated_token.user_id:
            raise Refusal("token_invalid")
        services.mark_received(session, validated_token.generation)
        return session

    def get_user(self, validated_token: tokens.AccessToken) -> User:  # type: ignore[override]
        """Refuses `token_invalid` when the session has ended."""
        return self.get_session(validated_token).user

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _count_failure(request: Request, session_id: UUID | None) -> None:
    """Counts an expired token by its session: many users behind one address come back at the same time, and all of them
    are known. Refuses `rate_limited`."""
    if session_id:
        address_limits.mark_counted(request._request)
        limits.spend(settings.RATE_REQUESTS, f"expired:{session_id}")


PICTURES_COOKIE, FILES_COOKIE = "chat_pictures", "chat_files"


class CookieAuthentication(BaseAuthentication):
    """For what a page shows or saves by its URL alone. The page cannot send a token with it, so the browser sends a
    cookie, which can only read, and only one kind of file."""

    cookie: str

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        token = request.COOKIES.get(self.cookie)
        if not token or request.method not in ("GET", "HEAD"):
            return None
        session = Session.objects.find_live(tokens.read_cookie_token(self.cookie, token))
        if session is None:
            raise Refusal("token_invalid")
        return session.user, session


class PictureAuthentication(CookieAuthentication):
    """For pictures only (`<img>`)."""

    cookie = PICTURES_COOKIE


class FileAuthentication(CookieAuthentication):
    """For videos, sounds and downloads: files of messages and the user's own archives."""

    cookie = FILES_COOKIE


LINK = {"link": (str, "The signature that `media/links/` gave to this URL, for pages of other origins.")}
"""The parameter of views that take links."""
LINK_IN_QUERY = re.compile(r"(?:^|&)link=([0-9a-f.]+)(?:&|$)", re.ASCII)


def link_of(request: Any) -> str | None:
    """The token of a signed link; None if the request has no such link. Links can only read."""
    found = LINK_IN_QUERY.search(request.META.get("QUERY_STRING", ""))
    return found[1] if found and request.method in ("GET", "HEAD") else None


class LinkAuthentication(BaseAuthentication):
    """For what a page of another origin shows by its URL alone: it can send neither a token nor a cookie with it. A
    link opens one URL for some minutes, while its session lives, and only if its user may see the file."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        token = link_of(request)
        if token is None:
            return None
        session_id, is_good = tokens.read_link(token, request.path)
        session = Session.objects.find_live(session_id) if is_good else None
        if session is None:
            _count_failure(request, session_id)
            raise Refusal("token_invalid")
        return session.user, session


def shows_sign_in(request: HttpRequest) -> bool:
    """Whether a request has a token that this server gave to a user who signed in. Only the database knows whether it
    is still good."""
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
    """Counts `RATE_REQUESTS_USER` by user; requests without a sign-in are counted by address."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.user:
            limits.spend(settings.RATE_REQUESTS_USER, f"requests:{request.user.pk}")
        else:
            address_limits.count_request(request._request)
        return True
