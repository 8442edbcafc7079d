"""`moderation/people/{id}/…`: shutting out and letting in, signing out, sending a code again."""

from uuid import UUID

from rest_framework.response import Response

from accounts import services
from accounts.api.staff import StaffView, person_of
from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.openapi import describe
from messaging.api.moderation import wire


class SuspendView(StaffView):
    needs = "accounts.suspend_user"

    @describe(
        "Suspend somebody until a moment, or until restored",
        body=wire.Suspension,
        needs_body=False,
        answers={200: wire.Standing},
    )
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        body = body_of(request, wire.Suspension)
        services.suspend(request.user, person_of(id), until=body.until, reason=body.reason)
        return Response(wire.standing(person_of(id)))


class RestoreView(StaffView):
    needs = "accounts.suspend_user"

    @describe(
        "Let somebody who is suspended sign in again",
        body=wire.Reasoned,
        needs_body=False,
        answers={200: wire.Standing},
    )
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.restore(request.user, person_of(id), reason=body_of(request, wire.Reasoned).reason)
        return Response(wire.standing(person_of(id)))


class EndSessionsView(StaffView):
    needs = "accounts.end_user_sessions"

    @describe("Sign somebody out everywhere", body=wire.Reasoned, needs_body=False, answers={200: wire.SignedOut})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        reason = body_of(request, wire.Reasoned).reason
        return Response(wire.SignedOut(services.end_sessions_of(request.user, person_of(id), reason=reason)))


class ResendCodeView(StaffView):
    needs = "accounts.resend_user_code"

    @describe(
        "Send somebody a new code, with all its tries", body=wire.Resending, needs_body=False, answers={202: None}
    )
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        body = body_of(request, wire.Resending)
        services.resend_code_to(request.user, person_of(id), purpose=body.purpose, reason=body.reason)
        return Response(status=202)
