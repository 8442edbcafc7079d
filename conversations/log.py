"""The numbered log: every durable thing that happens in a conversation takes the next place."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from chatproject.common.publish import Ring, announce, conversation_topic, person_topic
from conversations.models import Change, Conversation, Membership
from conversations.wire import conversation_state, event, member, own_membership

Kind = Change.Kind
MEMBERSHIP = {Kind.MEMBER_ADDED, Kind.MEMBER_REMOVED}


def append(
    conversation: Conversation,
    kind: Change.Kind,
    *,
    actor: User | None,
    subject: User | None = None,
    message_id: UUID | None = None,
    about_seq: int = 0,
    data: dict[str, Any] | None = None,
) -> Change:
    """Give out the next place of a conversation whose row the caller has locked, and write the change there."""
    conversation.seq += 1
    if conversation.is_e2ee and kind in MEMBERSHIP:
        conversation.roster_seq = conversation.seq
    place = {"seq": conversation.seq, "roster_seq": conversation.roster_seq}
    Conversation.objects.filter(id=conversation.id).update(**place)
    return Change.objects.create(
        conversation=conversation,
        seq=conversation.seq,
        kind=kind,
        actor=actor,
        subject=subject,
        message_id=message_id,
        about_seq=about_seq,
        data=data or {},
        created_at=timezone.now(),
    )


def append_devices(memberships: list[Membership], moment: datetime, data: dict[str, Any]) -> None:
    """Give out the next place in each of these end-to-end conversations, which the caller has locked: this member's
    devices are others now. Tells it."""
    changes = []
    for membership in memberships:
        conversation = membership.conversation
        conversation.seq = conversation.roster_seq = conversation.seq + 1
        changes.append(
            Change(
                conversation=conversation,
                seq=conversation.seq,
                kind=Kind.MEMBER_UPDATED,
                actor=membership.user,
                subject=membership.user,
                data={"changed": "devices", **data},
                created_at=moment,
            )
        )
    Conversation.objects.filter(id__in=[change.conversation_id for change in changes]).update(
        seq=F("seq") + 1, roster_seq=F("seq") + 1
    )
    Change.objects.bulk_create(changes)
    for change, membership in zip(changes, memberships, strict=True):
        announce_change(change, member_frame(change, membership))


def member_frame(change: Change, membership: Membership) -> bytes:
    """`member.added|updated|removed`: the member as they are (or were last), and who did it; when updated, which field
    of theirs `changed`."""
    data = {"member": member(membership), "actor_id": change.actor_id, **change.data}
    return event(change.kind, data, change.created_at, conversation_id=change.conversation_id, seq=change.seq)


def conversation_frame(change: Change, conversation: Conversation) -> bytes:
    """`conversation.updated|deleted`: the conversation as every member sees it."""
    data = {"conversation": conversation_state(conversation), "actor_id": change.actor_id}
    return event(change.kind, data, change.created_at, conversation_id=change.conversation_id, seq=change.seq)


def announce_change(change: Change, frame: bytes, *, removed: UUID | None = None) -> None:
    """Ring the conversation's bell for a change, once it is committed."""
    topic = conversation_topic(change.conversation_id)
    announce(Ring(topic, change.seq, frame, about=change.about_seq, removed=removed))


def announce_added(memberships: list[Membership], moment: datetime) -> None:
    """Tell people on all their devices that they are in a conversation now; they hear it from its present place on."""
    numbers = User.objects.bump(membership.user_id for membership in memberships)
    for membership in memberships:
        conversation, number = membership.conversation, numbers[membership.user_id]
        announce(
            Ring(
                person_topic(membership.user_id),
                number,
                _added_frame(membership, number, moment),
                about=conversation.seq,
                added=conversation.id,
                visible_from=membership.visible_from_seq,
            )
        )


def announce_own_settings(membership: Membership, moment: datetime) -> None:
    """Tell somebody's devices how they have set a conversation now: the same event, which replaces what they hold."""
    number = User.objects.bump([membership.user_id])[membership.user_id]
    announce(Ring(person_topic(membership.user_id), number, _added_frame(membership, number, moment)))


def _added_frame(membership: Membership, number: int, moment: datetime) -> bytes:
    conversation = membership.conversation
    shown = {"conversation": conversation_state(conversation), "membership": own_membership(membership, moment)}
    return event("conversation.added", shown, moment, conversation_id=conversation.id, me_seq=number)


def announce_removed(user_ids: list[UUID], conversation_id: UUID, moment: datetime) -> None:
    """Tell people on all their devices that they are no longer in a conversation."""
    for user_id, number in User.objects.bump(user_ids).items():
        data = {"conversation_id": conversation_id}
        frame = event("conversation.removed", data, moment, conversation_id=conversation_id, me_seq=number)
        announce(Ring(person_topic(user_id), number, frame, removed=conversation_id))
