"""`conversations/{id}/typing/`: for clients without a socket."""

from uuid import UUID

from django.db.models import Q
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from accounts.models import Block, User
from chatproject.common import limits
from chatproject.common.api import body_of
from chatproject.common.openapi import describe
from chatproject.common.publish import ring
from conversations.models import Membership
from messaging.typing import typing_ring
from messaging.typing_now import note_typing, typing_now
from messaging.wire.lists import TypingList, TypingPerson
from messaging.wire.writing import TypingChange

TOLD_AGAIN = "1/3s"


class TypingView(APIView):
    @describe("Who is typing here", answers={200: TypingList})
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        Membership.objects.of(request.user, id)
        typing = typing_now(id)
        hidden = {request.user.id, *_estranged_from(request.user)} if typing else set()
        users = [TypingPerson(user_id, name) for user_id, name in typing.items() if user_id not in hidden]
        return Response(TypingList(users))

    @describe("Say that I am typing, or no longer", body=TypingChange, answers={204: None})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        Membership.objects.of(request.user, id)
        user, is_typing = request.user, body_of(request, TypingChange).is_typing
        told = [f"typing:{id}:{user.id}"]
        if not is_typing:
            limits.forgive(told, TOLD_AGAIN)
        if user.typing and not (is_typing and any(limits.hit(told, TOLD_AGAIN))):
            hidden_from = list(Block.objects.filter(blocker=user).values_list("blocked", flat=True))
            note_typing(id, user.id, user.username, is_typing)
            ring([typing_ring(user.id, user.username, id, is_typing, hidden_from)])
        return Response(status=204)


def _estranged_from(user: User) -> set[UUID]:
    """Those whom this person blocks, or who block them."""
    pairs = Block.objects.filter(Q(blocker=user) | Q(blocked=user)).values_list("blocker", "blocked")
    return {user_id for pair in pairs for user_id in pair}
