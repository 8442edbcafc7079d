"""`moderation/conversations/{id}/`: freezing a conversation, and changing it without being in it."""

from typing import Any
from uuid import UUID

from msgspec import UNSET, structs
from rest_framework.response import Response

from accounts.api.staff import StaffView
from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.openapi import describe
from chatproject.common.views import ChangeView
from conversations import services
from conversations.wire import ConversationState, conversation_state
from messaging.api.moderation import wire


class ModeratedConversationView(StaffView, ChangeView):
    needs = "conversations.moderate_conversation"

    @describe(
        "Freeze or change a conversation, or give it to another owner",
        body=wire.Moderation,
        answers={200: ConversationState},
    )
    def patch(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        body: dict[str, Any] = structs.asdict(body_of(request, wire.Moderation))
        reason, owner_id = body.pop("reason"), body.pop("owner_id")
        changes = {name: value for name, value in body.items() if value is not UNSET}
        owner_id = None if owner_id is UNSET else owner_id
        changed = services.moderate(request.user, conversation_id=id, changes=changes, owner_id=owner_id, reason=reason)
        return Response(conversation_state(changed))
