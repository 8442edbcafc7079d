"""`conversations/{id}/bans/`: who is kept out."""

from uuid import UUID

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from conversations import services
from conversations.models import Ban, Membership
from conversations.services.locking import refuse_unless_shown
from conversations.wire import BanState, NewBan, ban_state


class BansView(APIView):
    @describe("Who is banned, the last first", answers={200: Page[BanState]}, query=PAGING)
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        refuse_unless_shown(Membership.objects.of(request.user, id), "ban_members")
        rows = Ban.objects.filter(conversation=id).select_related("user", "banned_by")
        return Response(page(request, rows, order=["-created_at", "-id"], show=lambda bans: [*map(ban_state, bans)]))

    @describe("Ban somebody: a member is removed", body=NewBan, answers={201: BanState})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        actor, body = Membership.objects.of(request.user, id), body_of(request, NewBan)
        return Response(ban_state(services.ban(actor, user_id=body.user_id, reason=body.reason)), status=201)


class BanView(APIView):
    @describe("Let somebody come back", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID, user_id: UUID) -> Response:  # noqa: A002
        services.unban(Membership.objects.of(request.user, id), user_id=user_id)
        return Response(status=204)
