"""`invites/{token}/accept/`: coming in by a link."""

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.openapi import describe
from conversations import services
from messaging.rows import row_of
from messaging.wire.lists import ConversationRow


class AcceptView(APIView):
    @describe("Come into a conversation by a link", answers={200: ConversationRow})
    def post(self, request: SignedInRequest, token: str) -> Response:
        membership = services.accept_invite(request.user, token=token)
        return Response(row_of(request.user, membership.conversation_id))
