"""`messages/{id}/reactions/{emoji}/`."""

from uuid import UUID

from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.openapi import describe
from common.viewsets import ViewSet
from messaging import services


class ReactionViewSet(ViewSet):
    lookup_url_kwarg, lookup_value_converter = "emoji", "str"

    @describe("React to a message", answers={204: None})
    def update(self, request: SignedInRequest, id: UUID, emoji: str) -> Response:
        services.add_reaction(request.user, message_id=id, emoji=emoji)
        return Response(status=204)

    @describe("Remove your reaction", answers={204: None})
    def destroy(self, request: SignedInRequest, id: UUID, emoji: str) -> Response:
        services.remove_reaction(request.user, message_id=id, emoji=emoji)
        return Response(status=204)
