"""Reading a conversation's log as the events that were, or would have been, delivered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import DateTimeField, Q, QuerySet
from django.utils import timezone

from accounts.models import Session, User
from common.compiled import CompiledQuery, Parameter, Parameters
from conversations.log import conversation_frame, member_frame
from conversations.models import Change, Conversation, Membership
from conversations.wire import encode_event
from messaging.models import Message
from messaging.wire.messages import message_state, reactions_state

Kind = Change.Kind
ABOUT_MEMBERS = {Kind.MEMBER_ADDED, Kind.MEMBER_UPDATED, Kind.MEMBER_REMOVED}
ABOUT_CONVERSATION = {Kind.CONVERSATION_UPDATED, Kind.CONVERSATION_DELETED}
ABOUT_REACTIONS = {Kind.REACTION_ADDED, Kind.REACTION_REMOVED}
ABOUT_PINS = {Kind.MESSAGE_PINNED, Kind.MESSAGE_UNPINNED}
AT_ONCE, LOGS_AT_ONCE = 500, 100


class Entry(msgspec.Struct, frozen=True):
    """One entry of a log as an event: as in `Publication`, `about` is the seq of the message it changes, `removed` the
    person whose subscriptions end there."""

    seq: int
    frame: bytes
    about: int = 0
    removed: UUID | None = None

    def frame_for(self, conversation_id: UUID, visible_from_seq: int) -> bytes:
        """The event for somebody whose view begins after `visible_from_seq`."""
        hidden = self.seq <= visible_from_seq or 0 < self.about <= visible_from_seq
        return skipped_frame(conversation_id, self.seq) if hidden else self.frame


def skipped_frame(conversation_id: UUID, seq: int) -> bytes:
    """`log.skipped`: something happened here that this member may not see; the log keeps its seq."""
    return b'{"type":"log.skipped","conversation_id":"%b","seq":%d,"data":{}}' % (str(conversation_id).encode(), seq)


def read_log(conversation_id: UUID, *, after: int, limit: int = AT_ONCE) -> list[Entry]:
    """The entries after a seq, ascending, at most `limit`, with their present state: never a deleted text."""
    return read_logs({conversation_id: after}, limit=limit)[conversation_id]


def read_logs(after: Mapping[UUID, int], *, limit: int = AT_ONCE) -> dict[UUID, list[Entry]]:
    """The same of several conversations, each after its seq: five queries for a hundred of them."""
    found: dict[UUID, list[Entry]] = {}
    ids = list(after)
    for start in range(0, len(ids), LOGS_AT_ONCE):
        found |= _read({id_: after[id_] for id_ in ids[start : start + LOGS_AT_ONCE]}, limit)
    return found


def _read(after: Mapping[UUID, int], limit: int) -> dict[UUID, list[Entry]]:
    conversations = Conversation.objects.in_bulk(after)
    # Seqs have no gaps. Read up to the head that was found first: of what is committed between two queries, one of them
    # would miss a part.
    ranges = Q(pk__in=())
    for id_, conversation in conversations.items():
        if after[id_] < conversation.seq:
            upto = min(conversation.seq, after[id_] + limit)
            ranges |= Q(conversation=id_, seq__gt=after[id_], seq__lte=upto)
    entries: dict[UUID, list[Entry]] = {id_: [] for id_ in after}
    for message in Message.objects.shown().filter(ranges):
        entries[message.conversation_id].append(_message_entry(message, conversations[message.conversation_id]))
    for change, entry in _change_entries(conversations, list(Change.objects.select_related("subject").filter(ranges))):
        entries[change.conversation_id].append(entry)
    return {id_: sorted(some, key=lambda entry: entry.seq) for id_, some in entries.items()}


def conversation_heads(conversation_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The last seq of each of these conversations."""
    return dict(_heads(ids=conversation_ids))


def user_seqs(user_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The present `User.seq` of each of these people."""
    return dict(_user_seqs(ids=user_ids))


def live_sessions(session_ids: Sequence[UUID]) -> set[UUID]:
    """The sessions among these that have not ended."""
    return set(_live_sessions(ids=session_ids, now=timezone.now()))


@CompiledQuery
def _heads() -> QuerySet[Conversation, Any]:
    return Conversation.objects.filter(id__in=Parameters("ids")).values_list("id", "seq")


@CompiledQuery
def _user_seqs() -> Any:
    return User.objects.filter(id__in=Parameters("ids")).values_list("id", "seq")


@CompiledQuery
def _live_sessions() -> QuerySet[Session, UUID]:
    live = Session.objects.live(Parameter("now", DateTimeField())).filter(id__in=Parameters("ids"))
    return live.values_list("id", flat=True)


def message_frame(kind: str, message: Message, seq: int, moment: object, history: str) -> bytes:
    """`message.created|updated|deleted` with the message as it is now."""
    state = message_state(message, history)
    return encode_event(kind, {"message": state}, moment, conversation_id=message.conversation_id, seq=seq)  # type: ignore[arg-type]


def change_frame(change: Change, message: Message, history: str) -> bytes:
    """The event for a change of a message, with the message's present state."""
    if change.kind in ABOUT_REACTIONS:
        data: dict[str, object] = {"reactions": reactions_state(message)}
    elif change.kind in ABOUT_PINS:
        data = {"is_pinned": message.pinned_at is not None}
    else:
        return message_frame(change.kind, message, change.seq, change.created_at, history)
    data = {"message_id": message.id, **data, "changed_seq": message.changed_seq, "actor_id": change.actor_id}
    return encode_event(change.kind, data, change.created_at, conversation_id=change.conversation_id, seq=change.seq)


def _message_entry(message: Message, conversation: Conversation) -> Entry:
    frame = message_frame("message.created", message, message.seq, message.created_at, conversation.history)
    return Entry(message.seq, frame)


def _change_entries(
    conversations: Mapping[UUID, Conversation], changes: list[Change]
) -> Iterator[tuple[Change, Entry]]:
    members = _members_in(change for change in changes if change.kind in ABOUT_MEMBERS)
    messages = Message.objects.shown().in_bulk({change.message_id for change in changes if change.message_id})
    for change in changes:
        conversation = conversations[change.conversation_id]
        if change.kind in ABOUT_MEMBERS:
            frame = member_frame(change, members[change.conversation_id, change.subject_id])
        elif change.kind in ABOUT_CONVERSATION:
            frame = conversation_frame(change, conversation)
        elif change.message_id:
            frame = change_frame(change, messages[change.message_id], conversation.history)
        else:
            raise ValueError(f"no event for a change of kind {change.kind}")
        removed = change.subject_id if change.kind == Kind.MEMBER_REMOVED else None
        yield change, Entry(change.seq, frame, change.about_seq, removed)


def _members_in(changes: Iterable[Change]) -> dict[tuple[UUID, UUID | None], Membership]:
    """The memberships that these changes are about."""
    about = {(change.conversation_id, change.subject_id) for change in changes}
    found = Membership.objects.select_related("user").filter(
        conversation__in={conversation for conversation, _ in about}, user__in={user for _, user in about}
    )
    return {(membership.conversation_id, membership.user_id): membership for membership in found}
