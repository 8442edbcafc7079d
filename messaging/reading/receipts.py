"""Who has read a message, and to whom it was delivered."""

from datetime import datetime

from django.db.models import Q

from accounts.models import User
from accounts.wire import person
from common.clock import rfc3339
from conversations.models import Membership
from conversations.models.membership import MembershipQuerySet
from conversations.relations import has_block_with
from messaging.models import Message
from messaging.wire.lists import Receipt, Receipts

RECEIPTS_SIZE = 100
"""The most members with which a conversation shows who has read what."""


def receipts_of(membership: Membership, message: Message) -> Receipts:
    """The receipts that this member may see; none in conversations of more than `RECEIPTS_SIZE` members."""
    if membership.conversation.member_count > RECEIPTS_SIZE:
        return Receipts([], [])
    read, delivered = [], []
    for other in _reached_by(message, membership.user):
        if other.last_read_seq >= message.seq and other.user.read_receipts:
            read.append(Receipt(person(other.user), _time(other.last_read_at)))
        elif other.last_delivered_seq >= message.seq:
            delivered.append(Receipt(person(other.user), _time(other.last_delivered_at)))
    return Receipts(read, delivered)


def _reached_by(message: Message, viewer: User) -> MembershipQuerySet:
    others = Membership.objects.live().filter(conversation=message.conversation_id)
    # The marks of new members begin at the head: they have not read what was written before they joined.
    there = others.filter(joined_at__lte=message.created_at).exclude(user=message.sender_id)
    reached = there.filter(Q(last_read_seq__gte=message.seq) | Q(last_delivered_seq__gte=message.seq))
    return reached.exclude(has_block_with(viewer.id)).select_related("user").order_by("joined_at", "pk")


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
