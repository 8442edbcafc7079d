"""`users/me/blocks/` and `users/{id}/block/`."""

from uuid import UUID

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, wire
from accounts.authentication import SignedInRequest
from accounts.models import Block
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page


class BlocksView(APIView):
    @describe("The people I block, the last first.", answers={200: Page[wire.UserRef]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        rows = Block.objects.filter(blocker=request.user).select_related("blocked")

        def show(found: list[Block]) -> list[wire.UserRef]:
            return [wire.person(block.blocked) for block in found]

        return Response(page(request, rows, order=["-created_at", "-id"], show=show))


class BlockView(APIView):
    @describe("Block somebody.", answers={204: None})
    def put(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.block(request.user, id)
        return Response(status=204)

    @describe("Block them no longer.", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.unblock(request.user, id)
        return Response(status=204)
