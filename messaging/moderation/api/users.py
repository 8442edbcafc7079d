"""`moderation/people/{id}/`: suspending and restoring users, signing them out, sending them a code."""

from uuid import UUID

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import services
from accounts.api.staff import StaffViewSet, person_of
from accounts.authentication import SignedInRequest
from common.api import body_of
from common.openapi import describe
from messaging.moderation.api import wire


class ModeratedUserViewSet(StaffViewSet):
    @describe(
        "Suspend a user until a given time, or until restored",
        body=wire.Suspension,
        needs_body=False,
        answers={200: wire.Standing},
    )
    @action(detail=True, methods=["post"], needs="accounts.suspend_user")
    def suspend(self, request: SignedInRequest, id: UUID) -> Response:
        body = body_of(request, wire.Suspension)
        services.suspend(request.user, person_of(id), until=body.until, reason=body.reason)
        return Response(wire.standing(person_of(id)))

    @describe(
        "Let a suspended user sign in again",
        body=wire.Reasoned,
        needs_body=False,
        answers={200: wire.Standing},
    )
    @action(detail=True, methods=["post"], needs="accounts.suspend_user")
    def restore(self, request: SignedInRequest, id: UUID) -> Response:
        services.restore(request.user, person_of(id), reason=body_of(request, wire.Reasoned).reason)
        return Response(wire.standing(person_of(id)))

    @describe("Sign a user out everywhere", body=wire.Reasoned, needs_body=False, answers={200: wire.SignedOut})
    @action(detail=True, methods=["post"], url_path="end-sessions", needs="accounts.end_user_sessions")
    def end_sessions(self, request: SignedInRequest, id: UUID) -> Response:
        reason = body_of(request, wire.Reasoned).reason
        return Response(wire.SignedOut(services.end_sessions_of(request.user, person_of(id), reason=reason)))

    @describe(
        "Send a user a new code, with its full number of attempts",
        body=wire.Resending,
        needs_body=False,
        answers={202: None},
    )
    @action(detail=True, methods=["post"], url_path="resend-code", needs="accounts.resend_user_code")
    def resend_code(self, request: SignedInRequest, id: UUID) -> Response:
        body = body_of(request, wire.Resending)
        services.resend_code_to(request.user, person_of(id), purpose=body.purpose, reason=body.reason)
        return Response(status=202)
