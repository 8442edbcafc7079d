"""`auth/register/`, `auth/verify/`, `auth/otp/resend/`."""

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, wire
from accounts.api import cookie
from accounts.models import Registration
from accounts.services.limiting import seconds_until_code
from accounts.services.one_time import CODE_LIFETIME
from chatproject.common.addresses import address_of
from chatproject.common.api import body_of
from chatproject.common.openapi import describe


class PublicView(APIView):
    """A door for everybody: a token that came along, perhaps an old one, is not looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class RegisterView(PublicView):
    @describe("Register; a code goes to the address.", body=wire.Register, answers={201: wire.Registered})
    def post(self, request: Request) -> Response:
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
        answer = cookie.signed_in(request, made, cookie=body.cookie)
        known = answer.data
        answer.data = wire.Registered(
            wire.Verification(body.email, 0, 0), known.user, known.access, known.access_expires_in, known.refresh
        )
        answer.status_code = 201
        return answer


class VerifyView(PublicView):
    @describe("Confirm the address by its code, and sign in.", body=wire.Verify, answers={200: wire.SignedIn})
    def post(self, request: Request) -> Response:
        body = body_of(request, wire.Verify)
        session = services.verify(
            email=body.email,
            code=body.code,
            registration_id=body.registration,
            device_name=body.device_name,
            address=address_of(request),
        )
        return cookie.signed_in(request, session, cookie=body.cookie)


class ResendView(PublicView):
    @describe("Ask for the code again; always answered alike.", body=wire.OtpResend, answers={202: wire.Verification})
    def post(self, request: Request) -> Response:
        body = body_of(request, wire.OtpResend)
        services.resend_code(
            email=body.email,
            purpose=body.purpose,
            registration_id=body.registration,
            address=address_of(request),
        )
        return Response(verification(request, body.email), 202)


def verification(request: Request, email: str, registration: Registration | None = None) -> wire.Verification:
    """What is answered whether a code is on its way to this address or not."""
    wait = seconds_until_code(email, address_of(request))
    answer = wire.Verification(email, int(CODE_LIFETIME.total_seconds()), wait)
    if registration:
        answer.registration, answer.reference = registration.id, registration.reference
    return answer
