"""`users/me/blocks/` and `users/{id}/block/`."""

from uuid import UUID

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import services, wire
from accounts.authentication import SignedInRequest
from accounts.models import Block
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet


class BlockViewSet(ViewSet):
    @describe("List the users you have blocked, newest first", answers={200: Page[wire.UserRef]}, query=PAGING)
    @action(detail=False, url_path="me/blocks")
    def blocks(self, request: SignedInRequest) -> Response:
        rows = Block.objects.filter(blocker=request.user).select_related("blocked")
        return Response(page(request, rows, order=["-created_at", "-id"], show=_blocked_users))

    @describe("Block a user", answers={204: None})
    @action(detail=True, methods=["put"])
    def block(self, request: SignedInRequest, id: UUID) -> Response:
        services.block(request.user, id)
        return Response(status=204)

    @describe("Unblock a user", answers={204: None})
    @block.mapping.delete
    def unblock(self, request: SignedInRequest, id: UUID) -> Response:
        services.unblock(request.user, id)
        return Response(status=204)


def _blocked_users(blocks: list[Block]) -> list[wire.UserRef]:
    return [wire.person(block.blocked) for block in blocks]
