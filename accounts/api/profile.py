"""`users/me/`."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import services, wire
from accounts.api import cookies
from accounts.authentication import SignedInRequest
from common.api import body_of, changes_in
from common.clock import rfc3339
from common.openapi import describe
from common.viewsets import ViewSet


class ProfileViewSet(ViewSet):
    @describe("Get your profile", answers={200: wire.MyProfile})
    @action(detail=False)
    def me(self, request: SignedInRequest) -> Response:
        return Response(wire.my_profile(request.user))

    @describe("Change fields of your profile", body=wire.ProfileChange, answers={200: wire.MyProfile})
    @me.mapping.patch
    def change_me(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.ProfileChange)
        return Response(wire.my_profile(services.change_profile(request.user, **_changes(body))))

    @describe("Replace your profile", body=wire.NewProfile, answers={200: wire.MyProfile})
    @me.mapping.put
    def replace_me(self, request: SignedInRequest) -> Response:
        body = body_of(request, wire.NewProfile)
        return Response(wire.my_profile(services.change_profile(request.user, **_changes(body))))

    @describe(
        "Delete your account after the grace period; signing in before then keeps it",
        body=wire.Deletion,
        answers={202: wire.Erasure},
    )
    @me.mapping.delete
    def delete_me(self, request: SignedInRequest) -> Response:
        erase_at = services.request_deletion(request.user, password=body_of(request, wire.Deletion).password)
        return cookies.remove_cookies(Response(wire.Erasure(rfc3339(erase_at)), 202))


def _changes(body: wire.ProfileChange | wire.NewProfile) -> dict[str, Any]:
    changes = changes_in(body)
    if settings := changes.pop("settings", None):
        changes |= changes_in(settings)
    return changes
