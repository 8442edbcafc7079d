"""`conversations/`: the list with last messages and unread counts; starting, changing and joining one."""

from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from accounts.models import User
from common.api import body_of, changes_in, refuse_misplaced
from common.errors import invalid
from common.idempotency import created_status
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations import services
from conversations.models import Conversation, Membership
from conversations.wire import ConversationChange, NewConversation, conversation_state
from messaging.reading.conversation_list import conversation_row, conversation_rows, list_memberships
from messaging.wire.lists import ConversationRow, Discovered

OF_KINDS = {
    "user_id": ("direct",),
    "name": ("group", "channel"),
    "description": ("group", "channel"),
    "history": ("group", "channel"),
    "member_ids": ("group",),
    "members_can_invite": ("group",),
}
"""Fields of a new conversation that only some kinds have."""


class ConversationViewSet(ViewSet):
    @describe("List your conversations, latest activity first", answers={200: Page[ConversationRow]}, query=PAGING)
    def list(self, request: SignedInRequest) -> Response:
        order = ["-conversation__active_at", "-conversation_id"]
        show = partial(conversation_rows, request.user)
        return Response(page(request, list_memberships(request.user), order=order, show=show))

    @describe("Start a conversation", body=NewConversation, answers={201: ConversationRow, 200: ConversationRow})
    def create(self, request: SignedInRequest) -> Response:
        conversation, created = _start_conversation(request.user, body_of(request, NewConversation))
        return Response(conversation_row(request.user, conversation.id), status=201 if created else 200)

    @describe("Get one of your conversations", answers={200: ConversationRow})
    def retrieve(self, request: SignedInRequest, id: UUID) -> Response:
        Membership.objects.of(request.user, id)
        return Response(conversation_row(request.user, id))

    @describe("Change a conversation", body=ConversationChange, answers={200: ConversationRow})
    def partial_update(self, request: SignedInRequest, id: UUID) -> Response:
        actor = Membership.objects.of(request.user, id)
        services.edit_conversation(actor, changes=changes_in(body_of(request, ConversationChange)))
        return Response(conversation_row(request.user, id))

    @describe("Delete a conversation for everyone", answers={204: None})
    def destroy(self, request: SignedInRequest, id: UUID) -> Response:
        services.delete_conversation(Membership.objects.of(request.user, id))
        return Response(status=204)

    @describe("List public channels", answers={200: Page[Discovered]}, query=PAGING)
    @action(detail=False)
    def discover(self, request: SignedInRequest) -> Response:
        mine = Membership.objects.live().filter(user=request.user, conversation=OuterRef("id"))
        channels = Conversation.objects.discoverable().annotate(is_member=Exists(mine))
        return Response(page(request, channels, order=["-member_count", "id"], show=_discovered))

    @describe("Join a public channel", answers={200: ConversationRow})
    @action(detail=True, methods=["post"])
    def join(self, request: SignedInRequest, id: UUID) -> Response:
        services.join(request.user, conversation_id=id)
        return Response(conversation_row(request.user, id))


def _start_conversation(user: User, body: NewConversation) -> tuple[Conversation, bool]:
    refuse_misplaced(body, (name for name, kinds in OF_KINDS.items() if body.kind not in kinds))
    if body.kind == "direct":
        return _open_direct(user, body)
    made = _create_channel(user, body) if body.kind == "channel" else _create_group(user, body)
    return made, created_status(made) == 201


def _open_direct(user: User, body: NewConversation) -> tuple[Conversation, bool]:
    if body.user_id is None:
        raise invalid("user_id", "A direct conversation needs another user's id.", "required")
    return services.open_direct(user, user_id=body.user_id, encryption=body.encryption)


def _create_channel(user: User, body: NewConversation) -> Conversation:
    described = _description_in(body)
    if body.encryption != "server":
        raise invalid("encryption", "A channel cannot be end-to-end encrypted: anyone can join it.")
    return services.create_channel(user, client_id=body.client_id, **described)


def _create_group(user: User, body: NewConversation) -> Conversation:
    return services.create_group(
        user,
        member_ids=body.member_ids,
        members_can_invite=body.members_can_invite,
        encryption=body.encryption,
        client_id=body.client_id,
        **_description_in(body),
    )


def _description_in(body: NewConversation) -> dict[str, Any]:
    name = (body.name or "").strip()
    if not name:
        raise invalid("name", "This conversation needs a name.", "required")
    return {"name": name, "description": body.description, "history": body.history}


def _discovered(channels: list[Any]) -> list[Discovered]:
    return [
        Discovered(**msgspec.structs.asdict(conversation_state(channel)), is_member=channel.is_member)
        for channel in channels
    ]
