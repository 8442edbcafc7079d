"""Reading a conversation's log as the events that were, or would have been, heard."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from accounts.models import Session, User
from conversations.log import conversation_frame, member_frame
from conversations.models import Change, Conversation, Membership
from conversations.wire import event
from messaging.models import Message
from messaging.wire import message_state, reactions_state

Kind = Change.Kind
ABOUT_MEMBERS = {Kind.MEMBER_ADDED, Kind.MEMBER_UPDATED, Kind.MEMBER_REMOVED}
ABOUT_CONVERSATION = {Kind.CONVERSATION_UPDATED, Kind.CONVERSATION_DELETED}
ABOUT_REACTIONS = {Kind.REACTION_ADDED, Kind.REACTION_REMOVED}
ABOUT_PINS = {Kind.MESSAGE_PINNED, Kind.MESSAGE_UNPINNED}
AT_ONCE = 500


class Entry(msgspec.Struct, frozen=True):
    """One place of a log as an event: as in `Ring`, `about` is the place of the message it changes, `removed` the
    person whose hearing ends there."""

    seq: int
    frame: bytes
    about: int = 0
    removed: UUID | None = None

    def seen_from(self, conversation_id: UUID, visible_from_seq: int) -> bytes:
        """The event for somebody whose view begins after `visible_from_seq`."""
        hidden = self.seq <= visible_from_seq or 0 < self.about <= visible_from_seq
        return skipped(conversation_id, self.seq) if hidden else self.frame


def skipped(conversation_id: UUID, seq: int) -> bytes:
    """`log.skipped`: something happened here that this hearer may not see; numbers stay whole."""
    return b'{"type":"log.skipped","conversation_id":"%b","seq":%d,"data":{}}' % (str(conversation_id).encode(), seq)


def read_log(conversation_id: UUID, *, after: int, limit: int = AT_ONCE) -> list[Entry]:
    """The entries after a place, ascending, at most `limit`, with their present state: never a deleted text."""
    conversation = Conversation.objects.get(id=conversation_id)
    # Up to the head that was read first: of what is committed between the two queries, one would miss a place.
    places = {"conversation": conversation, "seq__gt": after, "seq__lte": conversation.seq}
    messages = Message.objects.shown().filter(**places).order_by("seq")[:limit]
    changes = Change.objects.select_related("subject").filter(**places).order_by("seq")[:limit]
    found = [_message_entry(message, conversation) for message in messages]
    found += _change_entries(conversation, list(changes))
    return sorted(found, key=lambda entry: entry.seq)[:limit]


def heads(conversation_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The last place given out in each of these conversations."""
    return dict(Conversation.objects.filter(id__in=conversation_ids).values_list("id", "seq"))


def numbers(user_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The present number of each of these people."""
    return dict(User.objects.filter(id__in=user_ids).values_list("id", "seq"))


def live_sessions(session_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these sessions that have not ended."""
    return set(Session.objects.live().filter(id__in=session_ids).values_list("id", flat=True))


def message_frame(kind: str, message: Message, seq: int, moment: object, history: str) -> bytes:
    """`message.created|updated|deleted` with the message as it is now."""
    state = message_state(message, history)
    return event(kind, {"message": state}, moment, conversation_id=message.conversation_id, seq=seq)  # type: ignore[arg-type]


def change_frame(change: Change, message: Message, history: str) -> bytes:
    """The event for a change of a message, with the message's present state."""
    if change.kind in ABOUT_REACTIONS:
        data: dict[str, object] = {"reactions": reactions_state(message)}
    elif change.kind in ABOUT_PINS:
        data = {"is_pinned": message.pinned_at is not None}
    else:
        return message_frame(change.kind, message, change.seq, change.created_at, history)
    data = {"message_id": message.id, **data, "changed_seq": message.changed_seq, "actor_id": change.actor_id}
    return event(change.kind, data, change.created_at, conversation_id=change.conversation_id, seq=change.seq)


def _message_entry(message: Message, conversation: Conversation) -> Entry:
    frame = message_frame("message.created", message, message.seq, message.created_at, conversation.history)
    return Entry(message.seq, frame)


def _change_entries(conversation: Conversation, changes: list[Change]) -> list[Entry]:
    members = Membership.objects.select_related("user").filter(
        conversation=conversation, user__in={change.subject_id for change in changes if change.kind in ABOUT_MEMBERS}
    )
    by_user = {membership.user_id: membership for membership in members}
    messages = Message.objects.shown().in_bulk({change.message_id for change in changes if change.message_id})
    entries = []
    for change in changes:
        if change.kind in ABOUT_MEMBERS and change.subject_id:
            frame = member_frame(change, by_user[change.subject_id])
        elif change.kind in ABOUT_CONVERSATION:
            frame = conversation_frame(change, conversation)
        elif change.message_id:
            frame = change_frame(change, messages[change.message_id], conversation.history)
        else:
            raise ValueError(f"no event for a change of kind {change.kind}")
        removed = change.subject_id if change.kind == Kind.MEMBER_REMOVED else None
        entries.append(Entry(change.seq, frame, change.about_seq, removed))
    return entries
