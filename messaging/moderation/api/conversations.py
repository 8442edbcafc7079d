"""`moderation/conversations/{id}/`: freezing a conversation, or changing it without being a member."""

from uuid import UUID

from rest_framework.response import Response

from accounts.api.staff import StaffViewSet
from accounts.authentication import SignedInRequest
from common.api import body_of, changes_in
from common.openapi import describe
from conversations import services
from conversations.wire import ConversationState, conversation_state
from messaging.moderation.api import wire


class ModeratedConversationViewSet(StaffViewSet):
    needs = "conversations.moderate_conversation"

    @describe(
        "Freeze or change a conversation, or make another member its owner",
        body=wire.Moderation,
        answers={200: ConversationState},
    )
    def partial_update(self, request: SignedInRequest, id: UUID) -> Response:
        changes = changes_in(body_of(request, wire.Moderation))
        reason, owner_id = changes.pop("reason"), changes.pop("owner_id", None)
        changed = services.moderate(request.user, conversation_id=id, changes=changes, owner_id=owner_id, reason=reason)
        return Response(conversation_state(changed))
