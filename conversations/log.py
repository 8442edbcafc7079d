"""The numbered log of a conversation: everything durable that happens there takes the next seq."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from common.publish import Publication, conversation_topic, publish_on_commit, user_topic
from conversations.models import Change, Conversation, Membership
from conversations.wire import conversation_state, encode_event, member_state, own_membership

Kind = Change.Kind
MEMBERSHIP = {Kind.MEMBER_ADDED, Kind.MEMBER_REMOVED}


def append_change(
    conversation: Conversation,
    kind: Change.Kind,
    *,
    actor: User | None,
    subject: User | None = None,
    message_id: UUID | None = None,
    about_seq: int = 0,
    data: dict[str, Any] | None = None,
) -> Change:
    """Write a change with the next seq of a conversation, whose row the caller has locked."""
    conversation.seq += 1
    if conversation.is_e2ee and kind in MEMBERSHIP:
        conversation.roster_seq = conversation.seq
    Conversation.objects.filter(id=conversation.id).update(seq=conversation.seq, roster_seq=conversation.roster_seq)
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


def append_device_changes(memberships: list[Membership], moment: datetime, data: dict[str, Any]) -> None:
    """Write and publish, in each of these end-to-end conversations, that the devices of the member have changed. The
    caller has locked the conversations."""
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
        publish_change(change, member_frame(change, membership))


def member_frame(change: Change, membership: Membership) -> bytes:
    """`member.added|updated|removed`: the member as they are (or were last), and the actor; for an update, `changed` is
    the field."""
    data = {"member": member_state(membership), "actor_id": change.actor_id, **change.data}
    return encode_event(change.kind, data, change.created_at, conversation_id=change.conversation_id, seq=change.seq)


def conversation_frame(change: Change, conversation: Conversation) -> bytes:
    """`conversation.updated|deleted`: the conversation as every member sees it."""
    data = {"conversation": conversation_state(conversation), "actor_id": change.actor_id}
    return encode_event(change.kind, data, change.created_at, conversation_id=change.conversation_id, seq=change.seq)


def publish_change(change: Change, frame: bytes, *, removed: UUID | None = None) -> None:
    """Publish a change to the conversation, once it is committed."""
    topic = conversation_topic(change.conversation_id)
    publish_on_commit(Publication(topic, change.seq, frame, about=change.about_seq, removed=removed))


def publish_conversation_added(memberships: list[Membership], moment: datetime) -> None:
    """Publish `conversation.added` to all devices of these members, and subscribe them from the current seq on."""
    user_seqs = User.objects.bump(membership.user_id for membership in memberships)
    for membership in memberships:
        conversation, me_seq = membership.conversation, user_seqs[membership.user_id]
        publish_on_commit(
            Publication(
                user_topic(membership.user_id),
                me_seq,
                _added_frame(membership, me_seq, moment),
                about=conversation.seq,
                added=conversation.id,
                visible_from=membership.visible_from_seq,
            )
        )


def publish_own_settings(membership: Membership, moment: datetime) -> None:
    """Publish the member's own settings of a conversation to their devices. This is `conversation.added` again, which
    replaces what the devices have."""
    me_seq = User.objects.bump([membership.user_id])[membership.user_id]
    publish_on_commit(Publication(user_topic(membership.user_id), me_seq, _added_frame(membership, me_seq, moment)))


def _added_frame(membership: Membership, me_seq: int, moment: datetime) -> bytes:
    conversation = membership.conversation
    shown = {"conversation": conversation_state(conversation), "membership": own_membership(membership, moment)}
    return encode_event("conversation.added", shown, moment, conversation_id=conversation.id, me_seq=me_seq)


def publish_conversation_removed(user_ids: list[UUID], conversation_id: UUID, moment: datetime) -> None:
    """Publish `conversation.removed` to all devices of these users."""
    for user_id, me_seq in User.objects.bump(user_ids).items():
        data = {"conversation_id": conversation_id}
        frame = encode_event("conversation.removed", data, moment, conversation_id=conversation_id, me_seq=me_seq)
        publish_on_commit(Publication(user_topic(user_id), me_seq, frame, removed=conversation_id))
