"""Read and delivered marks: one integer of each kind per member, which only increases."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import User
from common.action_limits import limited
from common.clock import rfc3339
from common.publish import Publication, conversation_topic, publish_on_commit, user_topic
from conversations.models import Conversation, Membership
from conversations.models.membership import MembershipQuerySet
from conversations.relations import has_block_between
from conversations.wire import encode_event
from messaging.models import Message, ThreadMark
from messaging.reading.receipts import RECEIPTS_SIZE


@limited("RATE_MARKS")
def mark_read(actor: Membership, *, seq: int) -> int:
    """Mark everything up to this seq as read. A seq beyond the head is clamped; one behind the mark changes nothing.

    Returns the mark. It is published to the actor's own devices, and to the other members if the actor sends read
    receipts. If not, the delivered mark stays where it is too, since the others can see that one.
    """
    seq = min(seq, actor.conversation.seq)
    now = timezone.now()
    with transaction.atomic():
        moved = _live_row(actor).filter(last_read_seq__lt=seq)
        if moved.update(
            last_read_seq=seq,
            last_read_number=Greatest("last_read_number", _number_at(actor.conversation_id, seq)),
            last_read_at=now,
            is_marked_unread=False,
            **(_delivered_fields(seq, now) if actor.user.read_receipts else {}),
        ):
            _publish_to_own_devices(actor.user, "read.updated", actor.conversation_id, _mark_data(actor, seq, now), now)
            if actor.user.read_receipts:
                _publish_to_members(actor, "read.updated", seq, now)
        else:
            _live_row(actor).filter(is_marked_unread=True).update(is_marked_unread=False)
    return max(seq, actor.last_read_seq)


def _delivered_fields(seq: int, now: datetime) -> dict[str, Any]:
    """The fields that move the delivered mark along with the read mark."""
    return {
        "last_delivered_seq": Greatest("last_delivered_seq", seq),
        "last_delivered_at": Case(When(last_delivered_seq__lt=seq, then=Value(now)), default=F("last_delivered_at")),
    }


@limited("RATE_MARKS")
def mark_delivered(actor: Membership, *, seq: int) -> int:
    """Mark everything up to this seq as delivered to a device. Large conversations do not record it."""
    seq = min(seq, actor.conversation.seq)
    if actor.conversation.member_count > RECEIPTS_SIZE:
        return actor.last_delivered_seq
    now = timezone.now()
    with transaction.atomic():
        moved = _live_row(actor).filter(last_delivered_seq__lt=seq)
        if moved.update(last_delivered_seq=seq, last_delivered_at=now):
            _publish_to_members(actor, "delivered.updated", seq, now)
    return max(seq, actor.last_delivered_seq)


@limited("RATE_MARKS")
def mark_thread_read(actor: User, *, root: Message, seq: int) -> int:
    """Mark everything in a thread up to this seq as read; the mark never goes back. Returns the mark, which is
    published to the actor's own devices only."""
    with transaction.atomic():
        mark, _ = ThreadMark.objects.get_or_create(root=root, user=actor)
        if ThreadMark.objects.filter(pk=mark.pk, last_read_seq__lt=seq).update(last_read_seq=seq):
            data = {"conversation_id": root.conversation_id, "thread_id": root.id, "seq": seq}
            _publish_to_own_devices(actor, "thread.read", root.conversation_id, data, timezone.now())
    return max(seq, mark.last_read_seq)


def _live_row(actor: Membership) -> MembershipQuerySet:
    """The row to mark, filtered by its own columns only. A condition on another table would become a subquery, which
    PostgreSQL does not evaluate again after waiting for another device's mark: the mark would go back."""
    return Membership.objects.filter(pk=actor.pk, left_at__isnull=True)


def _number_at(conversation_id: UUID, seq: int) -> int:
    """The message number of the last message up to this seq."""
    numbers = Message.objects.filter(conversation_id=conversation_id, seq__lte=seq).order_by("-seq")
    return numbers.values_list("number", flat=True).first() or 0


def _publish_to_own_devices(
    actor: User, kind: str, conversation_id: UUID, data: dict[str, object], now: datetime
) -> None:
    me_seq = User.objects.bump([actor.id])[actor.id]
    frame = encode_event(kind, data, now, conversation_id=conversation_id, me_seq=me_seq)
    publish_on_commit(Publication(user_topic(actor.id), me_seq, frame))


def _publish_to_members(actor: Membership, kind: str, seq: int, now: datetime) -> None:
    conversation: Conversation = actor.conversation
    if conversation.member_count <= RECEIPTS_SIZE and not has_block_between(actor):
        frame = encode_event(kind, _mark_data(actor, seq, now), now, conversation_id=conversation.id)
        publish_on_commit(Publication(conversation_topic(conversation.id), 0, frame, excluded_user=actor.user_id))


def _mark_data(actor: Membership, seq: int, now: datetime) -> dict[str, object]:
    return {"user_id": actor.user_id, "seq": seq, "at": rfc3339(now)}
