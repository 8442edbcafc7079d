"""`auth/password/`: changing a password, and resetting a forgotten one."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services, wire
from accounts.api.registration import verification
from accounts.authentication import SignedInRequest
from common.addresses import address_of
from common.api import body_of
from common.openapi import describe
from common.viewsets import PUBLIC, ViewSet


class PasswordViewSet(ViewSet):
    @describe(
        "Change your password; this ends all your other sessions",
        body=wire.PasswordChange,
        answers={200: wire.SessionsEnded},
    )
    @action(detail=False, methods=["post"])
    def change(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.PasswordChange)
        ended = services.change_password(
            request.auth, current_password=body.current_password, new_password=body.new_password
        )
        return Response(wire.SessionsEnded(ended))

    @describe(
        "Request a code to reset a password; the answer is the same for every address",
        body=wire.PasswordReset,
        answers={202: wire.Verification},
    )
    @action(detail=False, methods=["post"], **PUBLIC)
    def reset(self, request: Request) -> Response:
        body = body_of(request, wire.PasswordReset)
        services.resend_code(email=body.email, purpose="reset_password", address=address_of(request))
        return Response(verification(request, body.email), 202)

    @describe(
        "Reset a password with the code; this ends all sessions",
        body=wire.PasswordResetConfirm,
        answers={200: wire.SessionsEnded},
    )
    @action(detail=False, methods=["post"], url_path="reset/confirm", **PUBLIC)
    def confirm_reset(self, request: Request) -> Response:
        body = body_of(request, wire.PasswordResetConfirm)
        ended = services.reset_password(
            email=body.email, code=body.code, new_password=body.new_password, address=address_of(request)
        )
        return Response(wire.SessionsEnded(ended))
