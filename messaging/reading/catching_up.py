"""What a client that was away has missed: the log after its positions, or a snapshot of the last messages."""

from collections.abc import Iterable
from uuid import UUID

import msgspec
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from common.epoch import epoch
from conversations.models import Membership
from messaging.models import Message
from messaging.reading.conversation_list import conversation_rows
from messaging.reading.log import Entry, read_logs
from messaging.reading.messages import states_for
from messaging.wire.catching_up import Caught, CaughtUp, Log, SnapshotRow
from messaging.wire.messages import MessageState
from messaging.wire.writing import Positions


def log_after(membership: Membership, seq: int) -> Log:
    """What this member may see of their conversation's log after `seq`."""
    (caught,) = _entries_after([membership], {membership.conversation_id: seq}).values()
    return Log(caught.entries, caught.head, caught.has_more, caught.reset, epoch())


def catch_up(user: User, held: Positions) -> CaughtUp:
    """What came after the positions that a client holds. Of conversations that it does not name, only the head."""
    if held.epoch != epoch():
        return CaughtUp(epoch(), True, {})
    mine = list(Membership.objects.live().select_related("conversation").filter(user=user))
    named = [m for m in mine if m.conversation_id in held.positions]
    others = {str(m.conversation_id): _not_held(m) for m in mine if m.conversation_id not in held.positions}
    return CaughtUp(epoch(), False, _entries_after(named, held.positions) | others)


def snapshot_rows(user: User, memberships: list[Membership], count: int) -> list[SnapshotRow]:
    """Conversations with their last `count` messages each, of memberships read with `list_memberships`."""
    by_conversation: dict[UUID, list[MessageState]] = {m.conversation_id: [] for m in memberships}
    for state in states_for(user, memberships, _last_messages(memberships, count)):
        by_conversation[state.conversation_id].append(state)
    return [
        SnapshotRow(**msgspec.structs.asdict(row), messages=by_conversation[row.id])
        for row in conversation_rows(user, memberships)
    ]


def _entries_after(memberships: Iterable[Membership], positions: dict[UUID, int]) -> dict[str, Caught]:
    mine = {m.conversation_id: m for m in memberships}
    behind = {id_: positions[id_] for id_, m in mine.items() if positions[id_] < m.conversation.seq}
    found = read_logs(behind) if behind else {}
    return {str(id_): _caught(m, positions[id_], found.get(id_, [])) for id_, m in mine.items()}


def _caught(membership: Membership, after: int, found: list[Entry]) -> Caught:
    head = membership.conversation.seq
    if after >= head:
        return Caught([], head, False, after > head)
    head = max(head, found[-1].seq) if found else head
    seen = [entry.frame_for(membership.conversation_id, membership.visible_from_seq) for entry in found]
    return Caught([msgspec.Raw(frame) for frame in seen], head, bool(found) and found[-1].seq < head, False)


def _not_held(membership: Membership) -> Caught:
    """A conversation of which the client holds nothing, and which it has to read from the beginning."""
    head = membership.conversation.seq
    return Caught([], head, membership.visible_from_seq < head, False)


def _last_messages(memberships: list[Membership], count: int) -> list[Message]:
    """The last messages of each conversation, ascending, up to the heads that the memberships were read with: two
    queries."""
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
