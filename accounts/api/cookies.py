"""The cookies of browsers, all HttpOnly. The refresh token is sent to `auth/` only. Two more can only read
files: one is for pictures, one for all others."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tokens, wire
from accounts.authentication import FILES_COOKIE, PICTURES_COOKIE
from accounts.models import Session
from common.errors import Refusal

NAME = "chat_refresh"
PATH = "/api/v1/auth/"
READING_PATH = "/api/v1/"


def sign_in_response(request: Request, session: Session, *, cookie: bool) -> Response:
    """The response to a sign-in, with the refresh token in the cookie or in the body."""
    refresh = tokens.refresh_token(session)
    answer = wire.SignedIn(wire.my_profile(session.user), tokens.access_token(session), tokens.access_seconds())
    if not cookie:
        answer.refresh = refresh
        return Response(answer)
    response = Response(answer)
    _set_cookie(request, response, NAME, refresh, PATH)
    for name in (PICTURES_COOKIE, FILES_COOKIE):
        _set_cookie(request, response, name, tokens.cookie_token(name, session), READING_PATH)
    return response


def _set_cookie(request: Request, response: Response, name: str, value: str, path: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(settings.REFRESH_TOKEN_LIFETIME.total_seconds()),
        path=path,
        secure=request.is_secure(),
        httponly=True,
        samesite="Strict",
    )


def refresh_token_of(request: Request) -> str:
    """The refresh token in the request's cookie. Refuses `token_invalid` if there is none, and `permission_denied` if
    a page of another site may have sent the request."""
    refresh: str | None = request.COOKIES.get(NAME)
    if not refresh:
        raise Refusal("token_invalid")
    if not (_is_own_origin(request) and _could_not_be_a_form(request)):
        raise Refusal("permission_denied", "The cookie is not accepted in requests from other sites.")
    return refresh


def remove_cookies(response: Response) -> Response:
    """The response, with headers that make the browser delete the cookies."""
    response.delete_cookie(NAME, path=PATH, samesite="Strict")
    for name in (PICTURES_COOKIE, FILES_COOKIE):
        response.delete_cookie(name, path=READING_PATH, samesite="Strict")
    return response


def _is_own_origin(request: Request) -> bool:
    origin: str | None = request.META.get("HTTP_ORIGIN")
    trusted: list[Any] = [*settings.CSRF_TRUSTED_ORIGINS, *settings.CORS_ALLOWED_ORIGINS]
    if origin is None or origin in trusted:
        return True
    try:
        return urlsplit(origin).netloc == request.get_host()
    except ValueError:  # not a URL
        return False


def _could_not_be_a_form(request: Request) -> bool:
    """Whether a page of another site would need a CORS preflight to send this. A form needs none."""
    is_json = (request.content_type or "").partition(";")[0].strip() == "application/json"
    return is_json or "X-Requested-With" in request.headers
