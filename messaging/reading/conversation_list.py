"""The conversation list of a user: four queries, however many conversations there are."""

from collections.abc import Iterable
from uuid import UUID

import msgspec
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.models import User
from accounts.wire import UserRef, person
from common.errors import not_found
from conversations.models import Conversation, Membership
from conversations.models.membership import MembershipQuerySet
from conversations.policy import capabilities
from conversations.wire import conversation_state, own_membership
from messaging.models import Message
from messaging.reading.counts import annotate_counts, unread_count
from messaging.reading.users import blocked_senders
from messaging.wire.lists import ConversationRow
from messaging.wire.messages import MessageState, message_state


def list_memberships(user: User) -> MembershipQuerySet:
    """A user's memberships with everything that `conversation_rows` needs from the same query."""
    last = Message.objects.filter(
        conversation=OuterRef("conversation_id"), seq__gt=OuterRef("visible_from_seq")
    ).order_by("-seq")
    memberships = Membership.objects.live().filter(user=user).select_related("conversation", "user")
    return annotate_counts(memberships).annotate(last_message_id=Subquery(last.values("id")[:1]))


def conversation_rows(memberships: Iterable[Membership]) -> list[ConversationRow]:
    """The rows of the list, for memberships read with `list_memberships`."""
    found, now = list(memberships), timezone.now()
    last = _last_messages(found)
    peers = _peers(found)
    return [_row(membership, last.get(membership.conversation_id), peers, now) for membership in found]


def conversation_row(user: User, conversation_id: UUID) -> ConversationRow:
    """The row of one conversation. Refuses (`not_found`) if the user is not a member."""
    found = conversation_rows(list_memberships(user).filter(conversation=conversation_id))
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
        unread_count=unread_count(membership, membership.uncounted),  # type: ignore[attr-defined]
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
    """The other user of each direct conversation."""
    direct = {m.conversation_id: m.user_id for m in memberships if m.conversation.kind == Conversation.Kind.DIRECT}
    others = Membership.objects.filter(conversation__in=direct).select_related("user") if direct else ()
    return {o.conversation_id: person(o.user) for o in others if o.user_id != direct[o.conversation_id]}
