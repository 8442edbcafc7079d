"""Messages as a user sees them: their own with a status, those of blocked users folded."""

from functools import cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Case, Min, QuerySet, Value, When

from accounts.models import User
from common.compiled import CompiledQuery, Parameter, Parameters
from common.errors import not_found
from conversations.models import Membership
from conversations.relations import has_block_with
from messaging.models import Message, MessageQuerySet
from messaging.reading.users import blocked_senders
from messaging.wire.messages import MessageState, message_state


def find_message(user: User, message_id: UUID, *, also_deleted: bool = False) -> tuple[Membership, Message]:
    """A message that this user can see, with their membership. Refuses `not_found`, also for a deleted message, unless
    `also_deleted`: a thread may start with one."""
    found = _visible_message.first(user=user.pk, id=message_id)
    if found is None or (found.deleted_at and not also_deleted):
        raise not_found()
    return Membership.objects.of(user, found.conversation_id), found


def state_for(user: User, message_id: UUID) -> MessageState:
    """A message as this user sees it. Refuses `not_found`."""
    message = _shown_message.first(user=user.pk, id=message_id)
    if message is None:
        raise not_found()
    return states_for(user, [Membership.objects.of(user, message.conversation_id)], [message])[0]


@CompiledQuery
def _visible_message() -> MessageQuerySet:
    return Message.objects.visible_to(Parameter("user")).filter(id=Parameter("id")).select_related("thread")


@CompiledQuery
def _shown_message() -> MessageQuerySet:
    return Message.objects.shown().visible_to(Parameter("user")).filter(id=Parameter("id"))


def states_for(user: User, memberships: list[Membership], messages: list[Message]) -> list[MessageState]:
    """Messages as this user sees them. `memberships` are the user's, in the conversations of the messages."""
    history = {m.conversation_id: m.conversation.history for m in memberships}
    marks = marks_of_others(user, {m.conversation_id for m in messages if m.sender_id == user.id})
    blocked = blocked_senders(user, messages)
    states = []
    for message in messages:
        state = message_state(message, history[message.conversation_id])
        if message.sender_id in blocked:
            state.is_folded = True
        if message.sender_id == user.id:
            read, delivered = marks.get(message.conversation_id, (0, 0))
            state.status = "read" if message.seq <= read else "delivered" if message.seq <= delivered else "sent"
        states.append(state)
    return states


def marks_of_others(user: User, conversation_ids: set[UUID]) -> dict[UUID, tuple[int, int]]:
    """Up to which seq all others have read, and up to which it was delivered to all of them. A member who hides their
    read receipts counts as not having read; in a direct conversation, one who blocks or is blocked is left out."""
    if not conversation_ids:
        return {}
    marks = _marks_of_others(user=user.pk, conversations=conversation_ids)
    return {conversation_id: (read, delivered) for conversation_id, read, delivered in marks}


@CompiledQuery
def _marks_of_others() -> QuerySet[Membership, Any]:
    me = Parameter("user")
    others = Membership.objects.live().filter(conversation__in=Parameters("conversations")).exclude(user=me).order_by()
    others = others.exclude(has_block_with(me))
    shown = Case(When(user__read_receipts=True, then="last_read_seq"), default=Value(0))
    return others.values_list("conversation").annotate(read=Min(shown), delivered=Min("last_delivered_seq"))


class MessageReader:
    """The messages of a conversation that a member can see; only those of a thread if there is one."""

    def __init__(self, membership: Membership, thread: Message | None = None) -> None:
        self._membership = membership
        self._thread = thread

    def before(self, seq: int, count: int) -> list[Message]:
        """The last `count` before this seq, descending."""
        return self._read("seq__lt", "-seq", seq, count)

    def after(self, seq: int, count: int) -> list[Message]:
        """The first `count` after this seq, ascending."""
        return self._read("seq__gt", "seq", seq, count)

    def _read(self, condition: str, order: str, seq: int, count: int) -> list[Message]:
        return _messages(condition, order, count, self._thread is not None)(
            conversation=self._membership.conversation_id,
            visible_from=self._membership.visible_from_seq,
            thread=self._thread and self._thread.id,
            seq=seq,
        )


@cache
def _messages(condition: str, order: str, count: int, in_thread: bool) -> CompiledQuery[Message]:
    def rows() -> MessageQuerySet:
        member: Any = SimpleNamespace(
            conversation_id=Parameter("conversation"), visible_from_seq=Parameter("visible_from", BigIntegerField())
        )
        shown = Message.objects.shown().in_view_of(member).filter(**{condition: Parameter("seq", BigIntegerField())})
        shown = shown.filter(thread=Parameter("thread")) if in_thread else shown
        return shown.order_by(order)[:count]

    return CompiledQuery(rows)
