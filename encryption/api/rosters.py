"""`encryption/roster/{conversation_id}/`: whom messages are sealed for, and whose keys an old one was sealed with."""

from uuid import UUID

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import int_of
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.openapi import describe
from conversations.models import Membership
from encryption import wire
from encryption.bundles import fingerprint, raw_of
from encryption.models import KeyChange
from encryption.services import rosters


class RosterView(APIView):
    @describe(
        "The devices of all members of an end-to-end conversation",
        answers={200: wire.Roster},
        query={
            "at": (
                int,
                "As it was at this place of the log: the keys that sign what was written after it. With those who had "
                "left by then, as they were last.",
            )
        },
    )
    def get(self, request: SignedInRequest, conversation_id: UUID) -> Response:
        membership = Membership.objects.of(request.user, conversation_id)
        conversation = membership.conversation
        if not conversation.is_e2ee:
            raise Refusal("conflict", "This conversation is not end to end.")
        place = int_of(request, "at")
        if place is None:
            here = set(Membership.objects.live().filter(conversation=conversation).values_list("user_id", flat=True))
            lines = {
                id_: some for id_, some in rosters.lines_at(conversation.id, conversation.seq).items() if id_ in here
            }
            return Response(wire.Roster(conversation.id, conversation.roster_seq, _members(lines)))
        if place < membership.visible_from_seq:
            raise not_found()
        if place > conversation.seq:
            raise invalid("at", "The log does not go so far.")
        return Response(wire.Roster(conversation.id, place, _members(rosters.lines_at(conversation.id, place))))


def _members(lines: dict[UUID, list[KeyChange]]) -> list[wire.RosterMember]:
    return [
        wire.RosterMember(user_id, [_device(line) for line in rosters.standing(some)], _head(some))
        for user_id, some in lines.items()
    ]


def _device(line: KeyChange) -> wire.RosterDevice:
    bundle = wire.Bundle(**line.bundle)
    return wire.RosterDevice(
        line.device_id, bundle, fingerprint(bundle.suite, line.user_id, raw_of(bundle.signing_key))
    )


def _head(lines: list[KeyChange]) -> wire.KeyLogHead:
    return wire.KeyLogHead(lines[-1].number, lines[-1].hash) if lines else wire.KeyLogHead(0, "")
