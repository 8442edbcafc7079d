"""`conversations/{id}/invites/`: links into a conversation."""

from uuid import UUID

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from accounts.wire import person
from chatproject.common.api import body_of
from chatproject.common.clock import rfc3339
from chatproject.common.idempotency import status_of
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from conversations import services
from conversations.models import Invite, Membership
from conversations.services.locking import refuse_unless_shown
from conversations.wire import InviteState, NewInvite


class InvitesView(APIView):
    @describe("The links that still lead in, the last first", answers={200: Page[InviteState]}, query=PAGING)
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        refuse_unless_shown(Membership.objects.of(request.user, id), "invite")
        rows = Invite.objects.usable().filter(conversation=id).select_related("created_by", "person")
        return Response(page(request, rows, order=["-id"], show=lambda invites: [*map(_state, invites)]))

    @describe("A new link", body=NewInvite, needs_body=False, answers={201: InviteState, 200: InviteState})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        actor, body = Membership.objects.of(request.user, id), body_of(request, NewInvite)
        invite = services.create_invite(
            actor, expires_at=body.expires_at, max_uses=body.max_uses, person_id=body.user_id, client_id=body.client_id
        )
        return Response(_state(invite), status=status_of(invite))


class InviteView(APIView):
    @describe("Nobody comes in by this link any more", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID, token: str) -> Response:  # noqa: A002
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
