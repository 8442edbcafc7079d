"""`invites/{token}/accept/`: joining a conversation through an invite link."""

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.openapi import describe
from common.viewsets import ViewSet
from conversations import services
from messaging.reading.conversation_list import conversation_row
from messaging.wire.lists import ConversationRow


class InviteLinkViewSet(ViewSet):
    lookup_url_kwarg, lookup_value_converter = "token", "str"

    @describe("Join a conversation through an invite link", answers={200: ConversationRow})
    @action(detail=True, methods=["post"])
    def accept(self, request: SignedInRequest, token: str) -> Response:
        membership = services.accept_invite(request.user, token=token)
        return Response(conversation_row(request.user, membership.conversation_id))
