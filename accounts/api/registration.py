"""`auth/register/`, `auth/verify/`, `auth/otp/resend/`."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services, wire
from accounts.api import cookies
from accounts.models import Registration
from accounts.services.limiting import seconds_until_code
from accounts.services.one_time import CODE_LIFETIME
from common.addresses import address_of
from common.api import body_of
from common.openapi import describe
from common.viewsets import PUBLIC, ViewSet


class RegistrationViewSet(ViewSet):
    @describe("Register; a code is sent to the e-mail address", body=wire.Register, answers={201: wire.Registered})
    @action(detail=False, methods=["post"], **PUBLIC)
    def register(self, request: Request) -> Response:
        body = body_of(request, wire.Register)
        made = services.register(
            email=body.email,
            username=body.username,
            password=body.password,
            full_name=body.full_name,
            device_name=body.device_name,
            address=address_of(request),
        )
        if isinstance(made, Registration):
            return Response(wire.Registered(verification(request, body.email, made)), 201)
        return _registered(cookies.sign_in_response(request, made, cookie=body.cookie), body.email)

    @describe("Confirm the e-mail address with the code, and sign in", body=wire.Verify, answers={200: wire.SignedIn})
    @action(detail=False, methods=["post"], **PUBLIC)
    def verify(self, request: Request) -> Response:
        body = body_of(request, wire.Verify)
        session = services.verify(
            email=body.email,
            code=body.code,
            registration_id=body.registration,
            device_name=body.device_name,
            address=address_of(request),
        )
        return cookies.sign_in_response(request, session, cookie=body.cookie)

    @describe(
        "Request another code; the answer is the same for every address",
        body=wire.OtpResend,
        answers={202: wire.Verification},
    )
    @action(detail=False, methods=["post"], url_path="otp/resend", **PUBLIC)
    def resend_code(self, request: Request) -> Response:
        body = body_of(request, wire.OtpResend)
        services.resend_code(
            email=body.email,
            purpose=body.purpose,
            registration_id=body.registration,
            address=address_of(request),
        )
        return Response(verification(request, body.email), 202)


def _registered(response: Response, email: str) -> Response:
    """Turns the response to a sign-in into the response to a registration that needs no code."""
    signed_in: wire.SignedIn = response.data
    response.data = wire.Registered(
        wire.Verification(email, 0, 0),
        signed_in.user,
        signed_in.access,
        signed_in.access_expires_in,
        signed_in.refresh,
    )
    response.status_code = 201
    return response


def verification(request: Request, email: str, registration: Registration | None = None) -> wire.Verification:
    """The answer to a request for a code, the same whether or not one is sent to this address."""
    wait = seconds_until_code(email, address_of(request))
    answer = wire.Verification(email, int(CODE_LIFETIME.total_seconds()), wait)
    if registration:
        answer.registration, answer.reference = registration.id, registration.reference
    return answer
