"""Read and delivered marks: one integer each per member, which only goes forward."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import User
from chatproject.common.clock import rfc3339
from chatproject.common.limited import limited
from chatproject.common.publish import Ring, announce, conversation_topic, person_topic
from conversations.models import Conversation, Membership
from conversations.models.membership import MembershipQuerySet
from conversations.people import is_estranged
from conversations.wire import event
from messaging.models import Message, ThreadMark

RECEIPTS_SIZE = 100
"""Members above which nobody is told who has read what."""


@limited("RATE_MARKS")
def mark_read(actor: Membership, *, seq: int) -> int:
    """Everything up to this place was read. Beyond the head it is clamped, behind the mark it changes nothing.

    Returns where the mark stands. The actor's own devices hear of it, and the others when the actor lets them: if not,
    the delivered mark stays where it is, since others see that one.
    """
    seq = min(seq, actor.conversation.seq)
    now = timezone.now()
    with transaction.atomic():
        moved = _live(actor).filter(last_read_seq__lt=seq)
        if moved.update(
            last_read_seq=seq,
            last_read_number=Greatest("last_read_number", _number_at(actor.conversation_id, seq)),
            last_read_at=now,
            is_marked_unread=False,
            **(_arrived(seq, now) if actor.user.read_receipts else {}),
        ):
            _tell_own_devices(actor.user, "read.updated", actor.conversation_id, _mark(actor, seq, now), now)
            if actor.user.read_receipts:
                _tell_others(actor, "read.updated", seq, now)
        else:
            _live(actor).filter(is_marked_unread=True).update(is_marked_unread=False)
    return max(seq, actor.last_read_seq)


def _arrived(seq: int, now: datetime) -> dict[str, Any]:
    """What was read has arrived."""
    return {
        "last_delivered_seq": Greatest("last_delivered_seq", seq),
        "last_delivered_at": Case(When(last_delivered_seq__lt=seq, then=Value(now)), default=F("last_delivered_at")),
    }


@limited("RATE_MARKS")
def mark_delivered(actor: Membership, *, seq: int) -> int:
    """Everything up to this place has arrived on a device. Kept in direct conversations and small groups only."""
    seq = min(seq, actor.conversation.seq)
    if actor.conversation.member_count > RECEIPTS_SIZE:
        return actor.last_delivered_seq
    now = timezone.now()
    with transaction.atomic():
        moved = _live(actor).filter(last_delivered_seq__lt=seq)
        if moved.update(last_delivered_seq=seq, last_delivered_at=now):
            _tell_others(actor, "delivered.updated", seq, now)
    return max(seq, actor.last_delivered_seq)


@limited("RATE_MARKS")
def mark_thread_read(actor: User, *, root: Message, seq: int) -> int:
    """Everything in a thread up to this place was read. It never goes back. Returns where the mark stands; the actor's
    own devices hear of it, and nobody else."""
    with transaction.atomic():
        mark, _ = ThreadMark.objects.get_or_create(root=root, user=actor)
        if ThreadMark.objects.filter(pk=mark.pk, last_read_seq__lt=seq).update(last_read_seq=seq):
            data = {"conversation_id": root.conversation_id, "thread_id": root.id, "seq": seq}
            _tell_own_devices(actor, "thread.read", root.conversation_id, data, timezone.now())
    return max(seq, mark.last_read_seq)


def unread_of(membership: Membership, uncounted: int) -> int:
    """Messages after the read mark, without the `uncounted` ones among them."""
    return max(0, membership.conversation.message_count - membership.last_read_number - uncounted)


def _live(actor: Membership) -> MembershipQuerySet:
    """The row to mark, by its own columns alone: a condition on another table becomes a subquery, which PostgreSQL does
    not ask again when it has waited for another device's mark, so that the mark went back."""
    return Membership.objects.filter(pk=actor.pk, left_at__isnull=True)


def _number_at(conversation_id: UUID, seq: int) -> int:
    """The dense number of the last message up to a place."""
    numbers = Message.objects.filter(conversation_id=conversation_id, seq__lte=seq).order_by("-seq")
    return numbers.values_list("number", flat=True).first() or 0


def _tell_own_devices(actor: User, kind: str, conversation_id: UUID, data: dict[str, object], now: datetime) -> None:
    number = User.objects.bump([actor.id])[actor.id]
    frame = event(kind, data, now, conversation_id=conversation_id, me_seq=number)
    announce(Ring(person_topic(actor.id), number, frame))


def _tell_others(actor: Membership, kind: str, seq: int, now: datetime) -> None:
    conversation: Conversation = actor.conversation
    if conversation.member_count <= RECEIPTS_SIZE and not is_estranged(actor):
        frame = event(kind, _mark(actor, seq, now), now, conversation_id=conversation.id)
        announce(Ring(conversation_topic(conversation.id), 0, frame, apart=actor.user_id))


def _mark(actor: Membership, seq: int, now: datetime) -> dict[str, object]:
    return {"user_id": actor.user_id, "seq": seq, "at": rfc3339(now)}
