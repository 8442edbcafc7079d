"""`auth/password/` and `auth/email/`: changing what one signs in with."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, wire
from accounts.api.registration import PublicView, verification
from accounts.authentication import SignedInRequest
from chatproject.common.addresses import address_of
from chatproject.common.api import body_of
from chatproject.common.openapi import describe


class PasswordChangeView(APIView):
    @describe(
        "Change my password; all other sign-ins end.", body=wire.PasswordChange, answers={200: wire.SessionsEnded}
    )
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.PasswordChange)
        ended = services.change_password(
            request.auth, current_password=body.current_password, new_password=body.new_password
        )
        return Response(wire.SessionsEnded(ended))


class PasswordResetView(PublicView):
    @describe(
        "Ask for a code with which to set a new password; always answered alike.",
        body=wire.PasswordReset,
        answers={202: wire.Verification},
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, wire.PasswordReset)
        services.resend_code(email=body.email, purpose="reset_password", address=address_of(request))
        return Response(verification(request, body.email), 202)


class PasswordResetConfirmView(PublicView):
    @describe(
        "Set a new password by the code; all sign-ins end.",
        body=wire.PasswordResetConfirm,
        answers={200: wire.SessionsEnded},
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, wire.PasswordResetConfirm)
        ended = services.reset_password(
            email=body.email, code=body.code, new_password=body.new_password, address=address_of(request)
        )
        return Response(wire.SessionsEnded(ended))


class EmailChangeView(APIView):
    @describe(
        "Ask for a code at my new address; the old one stays until it is entered.",
        body=wire.EmailChange,
        answers={202: wire.Verification},
    )
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.EmailChange)
        services.request_email_change(
            request.user, password=body.password, new_email=body.new_email, address=address_of(request)
        )
        return Response(verification(request, body.new_email), 202)


class EmailChangeConfirmView(APIView):
    @describe(
        "Make the new address mine; all other sign-ins end.",
        body=wire.EmailChangeConfirm,
        answers={200: wire.MyProfile},
    )
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.EmailChangeConfirm)
        user = services.confirm_email_change(request.auth, code=body.code, address=address_of(request))
        return Response(wire.my_profile(user))
