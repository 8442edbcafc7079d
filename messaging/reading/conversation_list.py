"""The conversation list of a user: four queries, however many conversations there are."""

from uuid import UUID

import msgspec
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.models import User
from accounts.wire import UserRef, person
from common.compiled import CompiledQuery, Parameter, Parameters
from common.errors import not_found
from common.pagination import CompiledRows
from conversations.models import Conversation, Membership
from conversations.models.membership import MembershipQuerySet
from conversations.policy import capabilities
from conversations.wire import conversation_state, own_membership
from messaging.models import Message, MessageQuerySet
from messaging.reading.counts import annotate_counts, unread_count
from messaging.reading.users import blocked_senders
from messaging.wire.lists import ConversationRow
from messaging.wire.messages import MessageState, message_state


def list_memberships(user: User) -> CompiledRows:
    """A user's memberships with everything that `conversation_rows` needs from the same query."""
    return CompiledRows(_memberships, {"user": user.pk})


def conversation_rows(user: User, memberships: list[Membership]) -> list[ConversationRow]:
    """The rows of the list, for this user's memberships read with `list_memberships`."""
    last, peers, now = _last_messages(user, memberships), _peers(memberships), timezone.now()
    return [_row(membership, last.get(membership.conversation_id), peers, now) for membership in memberships]


def conversation_row(user: User, conversation_id: UUID) -> ConversationRow:
    """The row of one conversation. Refuses (`not_found`) if the user is not a member."""
    found = conversation_rows(user, _one_membership(user=user.pk, conversation=conversation_id))
    if not found:
        raise not_found()
    return found[0]


def _memberships() -> MembershipQuerySet:
    last = Message.objects.filter(
        conversation=OuterRef("conversation_id"), seq__gt=OuterRef("visible_from_seq")
    ).order_by("-seq")
    memberships = Membership.objects.live().filter(user=Parameter("user")).select_related("conversation")
    return annotate_counts(memberships).annotate(last_message_id=Subquery(last.values("id")[:1]))


@CompiledQuery
def _one_membership() -> MembershipQuerySet:
    return _memberships().filter(conversation=Parameter("conversation"))


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


def _last_messages(user: User, memberships: list[Membership]) -> dict[UUID, MessageState]:
    history = {m.conversation_id: m.conversation.history for m in memberships}
    ids = [m.last_message_id for m in memberships if m.last_message_id]  # type: ignore[attr-defined]
    found = _messages(ids=ids) if ids else []
    blocked = blocked_senders(user, found)
    states = {m.conversation_id: message_state(m, history[m.conversation_id]) for m in found}
    for state in states.values():
        if state.sender.id in blocked:
            state.is_folded = True
    return states


def _peers(memberships: list[Membership]) -> dict[UUID, UserRef]:
    """The other user of each direct conversation."""
    direct = {m.conversation_id: m.user_id for m in memberships if m.conversation.kind == Conversation.Kind.DIRECT}
    others = _members(conversations=direct) if direct else ()
    return {o.conversation_id: person(o.user) for o in others if o.user_id != direct[o.conversation_id]}


@CompiledQuery
def _messages() -> MessageQuerySet:
    return Message.objects.shown().filter(id__in=Parameters("ids"))


@CompiledQuery
def _members() -> MembershipQuerySet:
    found = Membership.objects.filter(conversation__in=Parameters("conversations")).select_related("user")
    return found.only("conversation", *(f"user__{name}" for name in User.SHOWN_FIELDS))
