"""Catching up over HTTP: the log of one conversation, the snapshot of all, and what came since."""

from collections.abc import Iterable
from uuid import UUID

import msgspec
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from accounts.models import User
from chatproject.common.api import body_of, int_of
from chatproject.common.epoch import epoch
from chatproject.common.openapi import PAGING, describe
from chatproject.common.pagination import page
from conversations.models import Membership
from messaging.api.messages import states_for
from messaging.greeting import with_counts
from messaging.models import Message
from messaging.reader import Entry, read_logs
from messaging.rows import row_memberships, rows
from messaging.services import mark_delivered, mark_read
from messaging.wire.catching_up import Caught, CaughtUp, Log, Snapshot, SnapshotRow
from messaging.wire.lists import Unread
from messaging.wire.messages import MessageState
from messaging.wire.writing import Mark, NewMark, Positions


class LogView(APIView):
    @describe(
        "Everything durable after a place",
        answers={200: Log},
        query={"after": (int, "The last place one has; 0 by default.")},
    )
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        membership = Membership.objects.of(request.user, id)
        (caught,) = _caught_up([membership], {id: int_of(request, "after", 0) or 0}).values()
        return Response(Log(caught.entries, caught.head, caught.has_more, caught.reset, epoch()))


class ReadView(APIView):
    @describe("Everything up to here was read", body=NewMark, needs_body=False, answers={200: Mark})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        actor = Membership.objects.of(request.user, id)
        seq = body_of(request, NewMark).upto(actor.conversation.seq)
        return Response(Mark(mark_read(actor, seq=seq)))


class DeliveredView(APIView):
    @describe("Everything up to here has arrived on a device", body=NewMark, needs_body=False, answers={200: Mark})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        actor = Membership.objects.of(request.user, id)
        seq = body_of(request, NewMark).upto(actor.conversation.seq)
        return Response(Mark(mark_delivered(actor, seq=seq)))


class UnreadView(APIView):
    @describe("How much waits", answers={200: Unread})
    def get(self, request: SignedInRequest) -> Response:
        mine = with_counts(Membership.objects.live().filter(user=request.user))
        unread = F("conversation__message_count") - F("last_read_number") - F("uncounted")
        waiting = [(count, mentions) for count, mentions in mine.values_list(unread, "mention_count") if count > 0]
        messages, mentions = (sum(column) for column in zip(*waiting, strict=True)) if waiting else (0, 0)
        return Response(Unread(messages=messages, conversations=len(waiting), mentions=mentions))


class SyncView(APIView):
    @describe(
        "Snapshot: all my conversations with their last messages",
        answers={200: Snapshot},
        query={"per_conversation": (int, "Messages of each: 0 to 100, 30 by default."), **PAGING},
    )
    def get(self, request: SignedInRequest) -> Response:
        count = int_of(request, "per_conversation", 30, 0, 100) or 0
        # The person first: whatever happens between the reads has a higher number and is heard as well.
        me_seq = User.objects.values_list("seq", flat=True).get(id=request.user.id)
        found = page(
            request,
            row_memberships(request.user),
            order=["-conversation__active_at", "-conversation_id"],
            show=lambda memberships: _snapshot_rows(request.user, memberships, count),
        )
        return Response(Snapshot(epoch(), me_seq, found["results"], found["next"]))

    @describe("What came since these positions", body=Positions, answers={200: CaughtUp})
    def post(self, request: SignedInRequest) -> Response:
        body = body_of(request, Positions)
        if body.epoch != epoch():
            return Response(CaughtUp(epoch(), True, {}))
        mine = list(Membership.objects.live().select_related("conversation").filter(user=request.user))
        named = [m for m in mine if m.conversation_id in body.positions]
        others = {str(m.conversation_id): _not_held(m) for m in mine if m.conversation_id not in body.positions}
        return Response(CaughtUp(epoch(), False, _caught_up(named, body.positions) | others))


def _caught_up(memberships: Iterable[Membership], positions: dict[UUID, int]) -> dict[str, Caught]:
    """What a person may hear after the places of their conversations."""
    mine = {m.conversation_id: m for m in memberships}
    behind = {id_: positions[id_] for id_, m in mine.items() if positions[id_] < m.conversation.seq}
    found = read_logs(behind) if behind else {}
    return {str(id_): _caught(m, positions[id_], found.get(id_, [])) for id_, m in mine.items()}


def _caught(membership: Membership, after: int, found: list[Entry]) -> Caught:
    head = membership.conversation.seq
    if after >= head:
        return Caught([], head, False, after > head)
    head = max(head, found[-1].seq) if found else head
    seen = [entry.seen_from(membership.conversation_id, membership.visible_from_seq) for entry in found]
    return Caught([msgspec.Raw(frame) for frame in seen], head, bool(found) and found[-1].seq < head, False)


def _not_held(membership: Membership) -> Caught:
    """A conversation of which a client holds nothing: it is for them to read, from the beginning."""
    head = membership.conversation.seq
    return Caught([], head, membership.visible_from_seq < head, False)


def _snapshot_rows(user: User, memberships: list[Membership], count: int) -> list[SnapshotRow]:
    by_conversation: dict[UUID, list[MessageState]] = {m.conversation_id: [] for m in memberships}
    for state in states_for(user, memberships, _last_messages(memberships, count)):
        by_conversation[state.conversation_id].append(state)
    return [SnapshotRow(**msgspec.structs.asdict(row), messages=by_conversation[row.id]) for row in rows(memberships)]


def _last_messages(memberships: list[Membership], count: int) -> list[Message]:
    """The last messages of each conversation, ascending, up to the heads that stand in the rows: two queries."""
    if not memberships or not count:
        return []
    first_shown = Message.objects.filter(conversation=OuterRef("conversation")).order_by("-seq").values("seq")
    begins = Membership.objects.filter(pk__in=[m.pk for m in memberships]).annotate(
        begin=Coalesce(Subquery(first_shown[count - 1 : count]), 0)
    )
    begin = dict(begins.values_list("conversation_id", "begin"))
    wanted = Q()
    for m in memberships:
        first = max(begin[m.conversation_id], m.visible_from_seq + 1)
        wanted |= Q(conversation=m.conversation_id, seq__gte=first, seq__lte=m.conversation.seq)
    return list(Message.objects.shown().filter(wanted).order_by("seq"))
