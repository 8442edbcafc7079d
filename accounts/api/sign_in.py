"""`auth/login/`, `auth/refresh/`, `auth/logout/` and `auth/ws-ticket/`."""

from typing import Any

from django.conf import settings
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services, tokens, wire
from accounts.api import cookies
from accounts.authentication import RequestThrottle, SignedInRequest, bearer_of, session_of
from accounts.models import Session
from common import limits
from common.addresses import address_of
from common.api import body_of
from common.errors import Refusal
from common.openapi import describe
from common.viewsets import PUBLIC, ViewSet


class RefreshThrottle(RequestThrottle):
    """Counts by session: many users may share an address, and all come back at once after a restart."""

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            session_id, _ = tokens.read_refresh(_refresh_token_of(request))
        except (Refusal, APIException) as error:
            is_allowed = super().allow_request(request, view)
            if isinstance(error, APIException) or error.code == "invalid":
                raise  # a second read of the broken body would find it empty
            return is_allowed
        limits.spend(settings.RATE_REQUESTS, f"requests:{session_id}")
        return True


class SignInViewSet(ViewSet):
    @describe("Sign in with an e-mail address or a username", body=wire.Login, answers={200: wire.SignedIn})
    @action(detail=False, methods=["post"], **PUBLIC)
    def login(self, request: Request) -> Response:
        body = body_of(request, wire.Login)
        session = services.login(
            login=body.login, password=body.password, device_name=body.device_name, address=address_of(request)
        )
        return cookies.sign_in_response(request, session, cookie=body.cookie)

    @describe(
        "Exchange the refresh token for a new pair; a repeated request gets the same pair until that one is used",
        body=wire.Refresh,
        needs_body=False,
        answers={200: wire.SignedIn},
    )
    @action(detail=False, methods=["post"], throttle_classes=(RefreshThrottle,), **PUBLIC)
    def refresh(self, request: Request) -> Response:
        session = services.refresh(_refresh_token_of(request), address=address_of(request))
        return cookies.sign_in_response(request, session, cookie=not body_of(request, wire.Refresh).refresh)

    @describe(
        "End the session of the access token, the refresh token or the cookie",
        body=wire.Refresh,
        needs_body=False,
        answers={204: None},
    )
    @action(detail=False, methods=["post"], **PUBLIC)
    def logout(self, request: Request) -> Response:
        session = _session_to_end(request)
        services.end_session(session.user, session.id)
        return cookies.remove_cookies(Response(status=204))

    @describe("Get a ticket that opens one socket, once", answers={200: wire.Ticket})
    @action(detail=False, methods=["post"], url_path="ws-ticket")
    def issue_ticket(self, request: SignedInRequest) -> Response:
        return Response(wire.Ticket(services.issue_ticket(request.auth), services.TICKET_SECONDS))


def _refresh_token_of(request: Request) -> str:
    return body_of(request, wire.Refresh).refresh or cookies.refresh_token_of(request)


def _session_to_end(request: Request) -> Session:
    """The session of the access token or, if that has expired, of the refresh token: signing out always works."""
    body_of(request, wire.Refresh)
    try:
        return session_of(bearer_of(request) or "")
    except Refusal:
        session_id, _ = tokens.read_refresh(_refresh_token_of(request))
    session = Session.objects.find_live(session_id)
    if session is None:
        raise Refusal("token_invalid")
    return session
