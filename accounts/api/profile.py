"""`users/me/`."""

from typing import Any

import msgspec
from msgspec import UNSET
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, wire
from accounts.api import cookie
from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.clock import rfc3339
from chatproject.common.openapi import describe


class MeView(APIView):
    @describe("My own profile.", answers={200: wire.MyProfile})
    def get(self, request: SignedInRequest) -> Response:
        return Response(wire.my_profile(request.user))

    @describe("Change some of my profile.", body=wire.ProfileChange, answers={200: wire.MyProfile})
    def patch(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.ProfileChange)
        return Response(wire.my_profile(services.change_profile(request.user, **_changes(body))))

    @describe("Replace my profile.", body=wire.NewProfile, answers={200: wire.MyProfile})
    def put(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.NewProfile)
        return Response(wire.my_profile(services.change_profile(request.user, **_changes(body))))

    @describe(
        "Delete my account after the grace period; signing in until then keeps it.",
        body=wire.Deletion,
        answers={202: wire.Erasure},
    )
    def delete(self, request: SignedInRequest) -> Response:
        erase_at = services.request_deletion(request.user, password=body_of(request, wire.Deletion).password)
        return cookie.remove(Response(wire.Erasure(rfc3339(erase_at)), 202))


def _changes(body: wire.ProfileChange | wire.NewProfile) -> dict[str, Any]:
    changes = msgspec.structs.asdict(body)
    if settings := changes.pop("settings"):
        changes |= msgspec.structs.asdict(settings)
    return {name: value for name, value in changes.items() if value is not UNSET}
