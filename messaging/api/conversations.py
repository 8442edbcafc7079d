"""`conversations/`: the list with last messages and unread counts, and beginning, changing and joining one."""

from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef
from msgspec import UNSET
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of, refuse_misplaced
from chatproject.common.errors import invalid
from chatproject.common.idempotency import status_of
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from chatproject.common.views import ChangeView
from conversations import services
from conversations.models import Conversation, Membership
from conversations.wire import ConversationChange, NewConversation, conversation_state
from messaging.rows import row_memberships, row_of, rows
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


class ConversationsView(APIView):
    @describe("My conversations, latest activity first", answers={200: Page[ConversationRow]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        order = ["-conversation__active_at", "-conversation_id"]
        return Response(page(request, row_memberships(request.user), order=order, show=rows))

    @describe("Begin a conversation", body=NewConversation, answers={201: ConversationRow, 200: ConversationRow})
    def post(self, request: SignedInRequest) -> Response:
        conversation, created = _begin(request, body_of(request, NewConversation))
        return Response(row_of(request.user, conversation.id), status=201 if created else 200)


class ConversationView(ChangeView):
    @describe("One of my conversations", answers={200: ConversationRow})
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        Membership.objects.of(request.user, id)
        return Response(row_of(request.user, id))

    @describe("Change a conversation", body=ConversationChange, answers={200: ConversationRow})
    def patch(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        actor = Membership.objects.of(request.user, id)
        changes = msgspec.structs.asdict(body_of(request, ConversationChange))
        services.edit_conversation(actor, changes={name: v for name, v in changes.items() if v is not UNSET})
        return Response(row_of(request.user, id))

    @describe("End a conversation for everybody", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.delete_conversation(Membership.objects.of(request.user, id))
        return Response(status=204)


class DiscoverView(APIView):
    @describe("Public channels", answers={200: Page[Discovered]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        mine = Membership.objects.live().filter(user=request.user, conversation=OuterRef("id"))
        channels = Conversation.objects.discoverable().annotate(is_member=Exists(mine))
        return Response(page(request, channels, order=["-member_count", "id"], show=_discovered))


class JoinView(APIView):
    @describe("Join a public channel", answers={200: ConversationRow})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.join(request.user, conversation_id=id)
        return Response(row_of(request.user, id))


def _begin(request: SignedInRequest, body: NewConversation) -> tuple[Conversation, bool]:
    refuse_misplaced(body, (name for name, kinds in OF_KINDS.items() if body.kind not in kinds))
    if body.kind == "direct":
        if body.user_id is None:
            raise invalid("user_id", "A direct conversation needs a person.", "required")
        return services.open_direct(request.user, user_id=body.user_id, encryption=body.encryption)
    name = (body.name or "").strip()
    if not name:
        raise invalid("name", "A name is needed.", "required")
    shared: dict[str, Any] = {"name": name, "description": body.description, "history": body.history}
    shared["client_id"] = body.client_id
    if body.kind == "channel":
        if body.encryption != "server":
            raise invalid("encryption", "A channel is for everybody: it cannot be end to end.")
        made = services.create_channel(request.user, **shared)
    else:
        shared |= {"members_can_invite": body.members_can_invite, "encryption": body.encryption}
        made = services.create_group(request.user, member_ids=body.member_ids, **shared)
    return made, status_of(made) == 201


def _discovered(channels: list[Any]) -> list[Discovered]:
    return [
        Discovered(**msgspec.structs.asdict(conversation_state(channel)), is_member=channel.is_member)
        for channel in channels
    ]
