"""Messages over HTTP: history, sending, editing, deleting."""

from uuid import UUID

import msgspec
from django.db.models import Case, Min, Value, When
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from accounts.models import User
from chatproject.common.api import body_of, int_of
from chatproject.common.errors import invalid, not_found
from chatproject.common.openapi import describe
from chatproject.common.pagination import DEFAULT_LIMIT, MAX_LIMIT
from chatproject.common.views import ChangeView
from conversations.models import Membership
from conversations.people import estranged_from
from messaging import services
from messaging.models import Message, MessageQuerySet
from messaging.people import blocked_senders
from messaging.wire.lists import History
from messaging.wire.messages import MessageState, message_state
from messaging.wire.writing import MessageChange, NewMessage

AROUND = {
    "before": (int, "Only messages before this place, the newest of them."),
    "after": (int, "Only messages after this place, the oldest of them."),
    "around": (int, "Messages on both sides of this place."),
    "limit": (int, "How many at most: 1 to 100, 50 by default."),
}


class MessagesView(APIView):
    @describe("History, ascending by `seq`; the newest without a key", answers={200: History}, query=AROUND)
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        membership = Membership.objects.of(request.user, id)
        found, before, after = slice_of(request, Message.objects.shown().in_view_of(membership))
        states = states_for(request.user, [membership], found)
        return Response(History(states, *neighbours(request, before, after)))

    @describe("Send a message", body=NewMessage, answers={201: MessageState, 200: MessageState})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        sent = services.send_message(request.user, conversation_id=id, message=body_of(request, NewMessage))
        return Response(_with_status(sent.message), status=200 if sent.duplicate else 201)


class MessageView(ChangeView):
    @describe("One message", answers={200: MessageState})
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        return Response(_state(request.user, id))

    @describe("Edit an own message", body=MessageChange, answers={200: MessageState})
    def patch(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.edit_message(request.user, message_id=id, change=body_of(request, MessageChange))
        return Response(_state(request.user, id))

    @describe("Delete an own message, or a member's as moderator", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.delete_message(request.user, message_id=id)
        return Response(status=204)


def states_for(user: User, memberships: list[Membership], messages: list[Message]) -> list[MessageState]:
    """Messages as this person sees them, of conversations of which `memberships` are theirs: own ones with status,
    those of people they block marked for folding."""
    history = {m.conversation_id: m.conversation.history for m in memberships}
    marks = _marks_of_others(user, {m.conversation_id for m in messages if m.sender_id == user.id})
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


def _marks_of_others(user: User, conversation_ids: set[UUID]) -> dict[UUID, tuple[int, int]]:
    """Up to where everybody else has read, and up to where it has arrived at everybody else. Who shows nobody what
    they have read counts as not having read; who blocks or is blocked, in a direct conversation, as not there."""
    if not conversation_ids:
        return {}
    others = Membership.objects.live().filter(conversation__in=conversation_ids).exclude(user=user).order_by()
    others = others.exclude(estranged_from(user.id))
    shown = Case(When(user__read_receipts=True, then="last_read_seq"), default=Value(0))
    marks = others.values_list("conversation").annotate(read=Min(shown), there=Min("last_delivered_seq"))
    return {conversation_id: (read, delivered) for conversation_id, read, delivered in marks}


def _state(user: User, message_id: UUID) -> MessageState:
    message = Message.objects.shown().visible_to(user).filter(id=message_id).first()
    if message is None:
        raise not_found()
    return states_for(user, [Membership.objects.of(user, message.conversation_id)], [message])[0]


def _with_status(message: bytes) -> msgspec.Raw:
    """The sender's own message as it was just stored: `sent`."""
    return msgspec.Raw(message[:-1] + b',"status":"sent"}')


def neighbours(request: SignedInRequest, before: int | None, after: int | None) -> tuple[str | None, str | None]:
    """The addresses of the next and the previous page."""
    return _url(request, "after", after), _url(request, "before", before)


def slice_of(request: SignedInRequest, messages: MessageQuerySet) -> tuple[list[Message], int | None, int | None]:
    """The messages asked for, ascending, and the places to go on at: before the first and after the last, where
    there is more."""
    limit = int_of(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT) or DEFAULT_LIMIT
    before, after, around = (int_of(request, name) for name in ("before", "after", "around"))
    if sum(key is not None for key in (before, after, around)) > 1:
        raise invalid("before", "Use one of before, after and around.")
    if around is not None:
        at_or_before = limit // 2 + 1
        older, newer = _older(messages, around + 1, at_or_before), _newer(messages, around, limit - at_or_before)
        return _edges(older[0] + newer[0], older[1], newer[1])
    if after is not None:
        newer = _newer(messages, after, limit)
        return _edges(newer[0], bool(after), newer[1])
    older = _older(messages, before, limit)
    return _edges(older[0], older[1], before is not None)


def _older(messages: MessageQuerySet, before: int | None, limit: int) -> tuple[list[Message], bool]:
    rows = messages.filter(seq__lt=before) if before is not None else messages
    found = list(rows.order_by("-seq")[: limit + 1])
    return found[:limit][::-1], len(found) > limit


def _newer(messages: MessageQuerySet, after: int, limit: int) -> tuple[list[Message], bool]:
    found = list(messages.filter(seq__gt=after).order_by("seq")[: limit + 1])
    return found[:limit], len(found) > limit


def _edges(found: list[Message], older: bool, newer: bool) -> tuple[list[Message], int | None, int | None]:
    if not found:
        return found, None, None
    return found, found[0].seq if older else None, found[-1].seq if newer else None


def _url(request: SignedInRequest, key: str, seq: int | None) -> str | None:
    if seq is None:
        return None
    query = request.query_params.copy()
    for name in ("before", "after", "around"):
        query.pop(name, None)
    query[key] = str(seq)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
