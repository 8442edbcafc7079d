"""`auth/login/`, `refresh/`, `logout/`, `sessions/`, `ws-ticket/`."""

from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, tokens, wire
from accounts.api import cookie
from accounts.api.registration import PublicView
from accounts.authentication import RequestThrottle, SignedInRequest, bearer_of, session_of
from accounts.models import Session
from chatproject.common import limits
from chatproject.common.addresses import address_of
from chatproject.common.api import body_of
from chatproject.common.errors import Refusal
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page


class LoginView(PublicView):
    @describe("Sign in by e-mail address or username.", body=wire.Login, answers={200: wire.SignedIn})
    def post(self, request: Request) -> Response:
        body = body_of(request, wire.Login)
        session = services.login(
            login=body.login, password=body.password, device_name=body.device_name, address=address_of(request)
        )
        return cookie.signed_in(request, session, cookie=body.cookie)


class RefreshThrottle(RequestThrottle):
    """By session: many people may share an address, and all come back at once after a restart."""

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            session_id, _ = tokens.read_refresh(_refresh_of(request))
        except (Refusal, APIException) as error:
            is_allowed = super().allow_request(request, view)
            if isinstance(error, APIException) or error.code == "invalid":
                raise  # once read, DRF would take the broken body for an empty one
            return is_allowed
        limits.spend(settings.RATE_REQUESTS, f"requests:{session_id}")
        return True


def _refresh_of(request: Request) -> str:
    return body_of(request, wire.Refresh).refresh or cookie.take(request)


class RefreshView(PublicView):
    throttle_classes = (RefreshThrottle,)

    @describe(
        "Exchange the refresh token for a new pair; repeating it gives the same one until that was used.",
        body=wire.Refresh,
        needs_body=False,
        answers={200: wire.SignedIn},
    )
    def post(self, request: Request) -> Response:
        session = services.refresh(_refresh_of(request), address=address_of(request))
        return cookie.signed_in(request, session, cookie=not body_of(request, wire.Refresh).refresh)


class LogoutView(PublicView):
    @describe(
        "End this sign-in, named by the access token, the refresh token or the cookie.",
        body=wire.Refresh,
        needs_body=False,
        answers={204: None},
    )
    def post(self, request: Request) -> Response:
        session = _session_to_end(request)
        services.end_session(session.user, session.id)
        return cookie.remove(Response(status=204))


def _session_to_end(request: Request) -> Session:
    """An access token that has expired must not keep anybody signed in: then the refresh token counts."""
    body_of(request, wire.Refresh)
    try:
        return session_of(bearer_of(request) or "")
    except Refusal:
        session_id, _ = tokens.read_refresh(_refresh_of(request))
    session = Session.objects.live().filter(id=session_id).first()
    if session is None:
        raise Refusal("token_invalid")
    return session


class SessionsView(APIView):
    @describe("My sign-ins by device, the last used first.", answers={200: Page[wire.SessionState]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        rows = Session.objects.live().filter(user=request.user)
        current = request.auth.id

        def show(found: list[Session]) -> list[wire.SessionState]:
            return [wire.session_state(one, current=current) for one in found]

        return Response(page(request, rows, order=["-last_used_at", "-id"], show=show))

    @describe("End all my other sign-ins.", answers={204: None})
    def delete(self, request: SignedInRequest) -> Response:
        services.end_other_sessions(request.auth)
        return Response(status=204)


class SessionView(APIView):
    @describe("End one of my sign-ins.", answers={204: None})
    def delete(self, request: SignedInRequest, session_id: UUID) -> Response:
        services.end_session(request.user, session_id)
        return Response(status=204)


class TicketView(APIView):
    @describe("A ticket that opens one socket, once.", answers={200: wire.Ticket})
    def post(self, request: SignedInRequest) -> Response:
        return Response(wire.Ticket(services.issue_ticket(request.auth), services.TICKET_SECONDS))
