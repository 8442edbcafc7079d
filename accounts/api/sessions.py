"""`auth/sessions/`: the devices on which the caller is signed in."""

from functools import partial
from uuid import UUID

from rest_framework.response import Response

from accounts import services
from accounts.authentication import SignedInRequest
from accounts.models import Session
from accounts.session_wire import SessionState, session_state
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet


class SessionViewSet(ViewSet):
    lookup_url_kwarg = "session_id"

    @describe("List your sessions, last used first", answers={200: Page[SessionState]}, query=PAGING)
    def list(self, request: SignedInRequest) -> Response:
        rows = Session.objects.live().filter(user=request.user)
        show = partial(_session_states, current=request.auth.id)
        return Response(page(request, rows, order=["-last_used_at", "-id"], show=show))

    @describe("End all your other sessions", answers={204: None})
    def destroy_all(self, request: SignedInRequest) -> Response:
        services.end_other_sessions(request.auth)
        return Response(status=204)

    @describe("End one of your sessions", answers={204: None})
    def destroy(self, request: SignedInRequest, session_id: UUID) -> Response:
        services.end_session(request.user, session_id)
        return Response(status=204)


def _session_states(sessions: list[Session], *, current: UUID) -> list[SessionState]:
    return [session_state(session, current=current) for session in sessions]
