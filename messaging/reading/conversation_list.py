"""Conversations as their members see them in their list: four queries, however many there are."""

from collections.abc import Iterable
from uuid import UUID

import msgspec
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.models import User
from accounts.wire import UserRef, person
from chatproject.common.errors import not_found
from conversations.models import Conversation, Membership
from conversations.models.membership import MembershipQuerySet
from conversations.policy import capabilities
from conversations.wire import conversation_state, own_membership
from messaging.greeting import with_counts
from messaging.models import Message
from messaging.people import blocked_senders
from messaging.services.marks import unread_of
from messaging.wire.lists import ConversationRow
from messaging.wire.messages import MessageState, message_state


def row_memberships(user: User) -> MembershipQuerySet:
    """A person's memberships with all that their rows need of the same query."""
    last = Message.objects.filter(
        conversation=OuterRef("conversation_id"), seq__gt=OuterRef("visible_from_seq")
    ).order_by("-seq")
    mine = Membership.objects.live().filter(user=user).select_related("conversation", "user")
    return with_counts(mine).annotate(last_message_id=Subquery(last.values("id")[:1]))


def rows(memberships: Iterable[Membership]) -> list[ConversationRow]:
    """The rows of memberships read with `row_memberships`."""
    found, now = list(memberships), timezone.now()
    last = _last_messages(found)
    peers = _peers(found)
    return [_row(membership, last.get(membership.conversation_id), peers, now) for membership in found]


def row_of(user: User, conversation_id: UUID) -> ConversationRow:
    """The row of one conversation. Refuses (`not_found`) who is no member, or no longer."""
    found = rows(row_memberships(user).filter(conversation=conversation_id))
    if not found:
        raise not_found()
    return found[0]


def _row(membership: Membership, last: MessageState | None, peers: dict[UUID, UserRef], now: object) -> ConversationRow:
    conversation = membership.conversation
    peer = peers.get(conversation.id)
    state = conversation_state(conversation)
    if peer:
        state.name, state.avatar_url = peer.full_name or peer.username, peer.avatar_url
    return ConversationRow(
        **msgspec.structs.asdict(state),
        peer=peer,
        unread_count=unread_of(membership, membership.uncounted),  # type: ignore[attr-defined]
        mention_count=membership.mention_count,  # type: ignore[attr-defined]
        last_message=last,
        membership=own_membership(membership, now),  # type: ignore[arg-type]
        capabilities=capabilities(membership),
    )


def _last_messages(memberships: list[Membership]) -> dict[UUID, MessageState]:
    history = {m.conversation_id: m.conversation.history for m in memberships}
    ids = [m.last_message_id for m in memberships if m.last_message_id]  # type: ignore[attr-defined]
    found = list(Message.objects.shown().filter(id__in=ids)) if ids else []
    blocked = blocked_senders(memberships[0].user, found) if found else set()
    states = {m.conversation_id: message_state(m, history[m.conversation_id]) for m in found}
    for state in states.values():
        if state.sender.id in blocked:
            state.is_folded = True
    return states


def _peers(memberships: list[Membership]) -> dict[UUID, UserRef]:
    """The other person of each direct conversation."""
    direct = {m.conversation_id: m.user_id for m in memberships if m.conversation.kind == Conversation.Kind.DIRECT}
    others = Membership.objects.filter(conversation__in=direct).select_related("user") if direct else ()
    return {o.conversation_id: person(o.user) for o in others if o.user_id != direct[o.conversation_id]}
