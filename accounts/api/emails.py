"""`auth/email/`: changing the caller's e-mail address."""

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import services, wire
from accounts.api.registration import verification
from accounts.authentication import SignedInRequest
from common.addresses import address_of
from common.api import body_of
from common.openapi import describe
from common.viewsets import ViewSet


class EmailViewSet(ViewSet):
    @describe(
        "Request a code at a new e-mail address; the old one stays until you enter the code",
        body=wire.EmailChange,
        answers={202: wire.Verification},
    )
    @action(detail=False, methods=["post"])
    def change(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.EmailChange)
        services.request_email_change(
            request.user, password=body.password, new_email=body.new_email, address=address_of(request)
        )
        return Response(verification(request, body.new_email), 202)

    @describe(
        "Confirm your new e-mail address; this ends all your other sessions",
        body=wire.EmailChangeConfirm,
        answers={200: wire.MyProfile},
    )
    @action(detail=False, methods=["post"], url_path="change/confirm")
    def confirm_change(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.EmailChangeConfirm)
        user = services.confirm_email_change(request.auth, code=body.code, address=address_of(request))
        return Response(wire.my_profile(user))
