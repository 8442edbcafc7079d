"""`encryption/roster/{conversation_id}/`: which devices messages are sealed for, and which keys signed an old one."""

from uuid import UUID

from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import int_of
from common.errors import Refusal, invalid, not_found
from common.openapi import describe
from common.viewsets import ViewSet
from conversations.models import Membership
from encryption import wire
from encryption.bundles import decode, fingerprint
from encryption.models import KeyChange
from encryption.services import rosters


class RosterViewSet(ViewSet):
    lookup_url_kwarg = "conversation_id"

    @describe(
        "List the devices of all members of an end-to-end encrypted conversation",
        answers={200: wire.Roster},
        query={
            "at": (
                int,
                "The roster as of this `seq` of the log: the keys that sign what was written after it. It includes "
                "members who had left by then, with their last devices.",
            )
        },
    )
    def retrieve(self, request: SignedInRequest, conversation_id: UUID) -> Response:
        membership = Membership.objects.of(request.user, conversation_id)
        conversation = membership.conversation
        if not conversation.is_e2ee:
            raise Refusal("conflict", "This conversation is not end-to-end encrypted.")
        seq = int_of(request, "at")
        if seq is None:
            here = set(Membership.objects.live().filter(conversation=conversation).values_list("user_id", flat=True))
            lines = {
                id_: some for id_, some in rosters.lines_at(conversation.id, conversation.seq).items() if id_ in here
            }
            return Response(wire.Roster(conversation.id, conversation.roster_seq, _members(lines)))
        if seq < membership.visible_from_seq:
            raise not_found()
        if seq > conversation.seq:
            raise invalid("at", "The log does not go that far.")
        return Response(wire.Roster(conversation.id, seq, _members(rosters.lines_at(conversation.id, seq))))


def _members(lines: dict[UUID, list[KeyChange]]) -> list[wire.RosterMember]:
    return [
        wire.RosterMember(user_id, [_device(line) for line in rosters.live_lines(some)], _head(some))
        for user_id, some in lines.items()
    ]


def _device(line: KeyChange) -> wire.RosterDevice:
    bundle = wire.Bundle(**line.bundle)
    return wire.RosterDevice(
        line.device_id, bundle, fingerprint(bundle.suite, line.user_id, decode(bundle.signing_key))
    )


def _head(lines: list[KeyChange]) -> wire.KeyLogHead:
    return wire.KeyLogHead(lines[-1].number, lines[-1].hash) if lines else wire.KeyLogHead(0, "")
