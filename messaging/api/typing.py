"""`conversations/{id}/typing/`: for clients without a socket."""

from uuid import UUID

from django.db.models import Q
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from accounts.models import Block, User
from common import limits
from common.api import body_of
from common.openapi import describe
from common.publish import publish
from common.viewsets import ViewSet
from conversations.models import Membership
from messaging.realtime.typing import typing_publication
from messaging.realtime.typing_store import record_typing, typing_users
from messaging.wire.lists import TypingList, TypingPerson
from messaging.wire.writing import TypingChange

PUBLISHED_AGAIN = "1/3s"
"""How often `is_typing: true` is published, however often a client sends it."""


class TypingViewSet(ViewSet):
    @describe("List who is typing", answers={200: TypingList})
    @action(detail=True)
    def typing(self, request: SignedInRequest, id: UUID) -> Response:
        Membership.objects.of(request.user, id)
        typing = typing_users(id)
        hidden = {request.user.id, *_estranged_from(request.user)} if typing else set()
        users = [TypingPerson(user_id, name) for user_id, name in typing.items() if user_id not in hidden]
        return Response(TypingList(users))

    @describe("Say that you are typing, or have stopped", body=TypingChange, answers={204: None})
    @typing.mapping.post
    def change_typing(self, request: SignedInRequest, id: UUID) -> Response:
        Membership.objects.of(request.user, id)
        _change_typing(request.user, id, body_of(request, TypingChange).is_typing)
        return Response(status=204)


def _change_typing(user: User, conversation_id: UUID, is_typing: bool) -> None:
    """Publishes the change, unless it was just published or the user hides their typing."""
    published = [f"typing:{conversation_id}:{user.id}"]
    if not is_typing:
        limits.forgive(published, PUBLISHED_AGAIN)
    if user.typing and not (is_typing and any(limits.hit(published, PUBLISHED_AGAIN))):
        hidden_from = list(Block.objects.filter(blocker=user).values_list("blocked", flat=True))
        record_typing(conversation_id, user.id, user.username, is_typing)
        publish([typing_publication(user.id, user.username, conversation_id, is_typing, hidden_from)])


def _estranged_from(user: User) -> set[UUID]:
    """The users who block this user, or whom this user blocks."""
    pairs = Block.objects.filter(Q(blocker=user) | Q(blocked=user)).values_list("blocker", "blocked")
    return {user_id for pair in pairs for user_id in pair}
