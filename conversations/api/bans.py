"""`conversations/{id}/bans/`: users who may not come back."""

from uuid import UUID

from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations import services
from conversations.models import Ban, Membership
from conversations.services.locking import refuse_unless_may_view
from conversations.wire import BanState, NewBan, ban_state


class BanViewSet(ViewSet):
    lookup_url_kwarg = "user_id"

    @describe("List banned users, newest first", answers={200: Page[BanState]}, query=PAGING)
    def list(self, request: SignedInRequest, id: UUID) -> Response:
        refuse_unless_may_view(Membership.objects.of(request.user, id), "ban_members")
        rows = Ban.objects.filter(conversation=id).select_related("user", "banned_by")
        return Response(page(request, rows, order=["-created_at", "-id"], show=lambda bans: [*map(ban_state, bans)]))

    @describe("Ban a user; a member is also removed", body=NewBan, answers={201: BanState})
    def create(self, request: SignedInRequest, id: UUID) -> Response:
        actor, body = Membership.objects.of(request.user, id), body_of(request, NewBan)
        return Response(ban_state(services.ban(actor, user_id=body.user_id, reason=body.reason)), status=201)

    @describe("Lift a ban", answers={204: None})
    def destroy(self, request: SignedInRequest, id: UUID, user_id: UUID) -> Response:
        services.unban(Membership.objects.of(request.user, id), user_id=user_id)
        return Response(status=204)
