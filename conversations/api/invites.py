"""`conversations/{id}/invites/`: links for joining a conversation."""

from uuid import UUID

from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from accounts.wire import person
from common.api import body_of
from common.clock import rfc3339
from common.idempotency import created_status
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations import services
from conversations.models import Invite, Membership
from conversations.services.locking import refuse_unless_may_view
from conversations.wire import InviteState, NewInvite


class InviteViewSet(ViewSet):
    lookup_url_kwarg, lookup_value_converter = "token", "str"

    @describe("List the invite links that still work, newest first", answers={200: Page[InviteState]}, query=PAGING)
    def list(self, request: SignedInRequest, id: UUID) -> Response:
        refuse_unless_may_view(Membership.objects.of(request.user, id), "invite")
        rows = Invite.objects.usable().filter(conversation=id).select_related("created_by", "person")
        return Response(page(request, rows, order=["-id"], show=lambda invites: [*map(_state, invites)]))

    @describe("Create an invite link", body=NewInvite, needs_body=False, answers={201: InviteState, 200: InviteState})
    def create(self, request: SignedInRequest, id: UUID) -> Response:
        actor, body = Membership.objects.of(request.user, id), body_of(request, NewInvite)
        invite = services.create_invite(
            actor, expires_at=body.expires_at, max_uses=body.max_uses, person_id=body.user_id, client_id=body.client_id
        )
        return Response(_state(invite), status=created_status(invite))

    @describe("Revoke an invite link", answers={204: None})
    def destroy(self, request: SignedInRequest, id: UUID, token: str) -> Response:
        services.delete_invite(Membership.objects.of(request.user, id), token=token)
        return Response(status=204)


def _state(invite: Invite) -> InviteState:
    return InviteState(
        token=services.token_of(invite),
        expires_at=rfc3339(invite.expires_at) if invite.expires_at else None,
        max_uses=invite.max_uses,
        uses=invite.uses,
        user=person(invite.person) if invite.person else None,
        created_by=person(invite.created_by),
        created_at=rfc3339(invite.created_at),
    )
