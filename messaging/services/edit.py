"""Editing and deleting: each takes a place in the log and names the message by id, never its text."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from msgspec import UNSET

from accounts.models import User
from chatproject.common.errors import Refusal, invalid
from chatproject.common.limited import limited
from conversations.log import Kind
from conversations.models import Conversation, Membership
from conversations.people import refuse_if_blocked
from conversations.policy import may, may_act_on
from conversations.services.locking import refuse_unless_allowed
from encryption.services import rosters
from media.models import Upload
from media.services import Attachable, reattach
from messaging import filters
from messaging.attachments import NO_UPLOAD, carried_by, content_type_of, shown_of
from messaging.mentions import Members, named_in
from messaging.models import Mention, Message, Reaction, Revision
from messaging.services.locking import change_message, lock_message, recount_thread, write_change
from messaging.services.notices import tell_named
from messaging.services.slow_mode import spend_slow_mode
from messaging.wire.writing import NOT_E2EE, UNSEALED, MessageChange, check_content
from messaging.words import indexed
from notifications.services import forget_mentions, forget_message


def _is_repeat(actor: User, *, message_id: UUID, change: MessageChange) -> bool:
    """Whether this very edit is what the message says already."""
    client_id = change.client_id
    return bool(client_id) and Message.objects.filter(id=message_id, sender=actor, edit_id=client_id).exists()


@limited("RATE_EDITS", unless=_is_repeat)
def edit_message(actor: User, *, message_id: UUID, change: MessageChange) -> Message:
    """Replace the text of an own message or its envelope, whom it names, and the files it carries; what it said before
    is kept as long as it lives. Without `attachment_ids` it keeps its files; without files it needs a text.

    Refuses `not_found` (also when deleted), `permission_denied`, `read_only`, `blocked`, `edit_window_closed`,
    `slow_mode`, `content_refused`, `rate_limited` and `stale_devices`. The same envelope again changes nothing."""
    change.check()
    hits = filters.present.get().find(change.text)
    with transaction.atomic():
        membership, message = lock_message(actor, message_id)
        if message.sender_id != actor.id:
            raise Refusal("permission_denied")
        refuse_unless_allowed(membership, "send_message")
        refuse_if_blocked(membership)
        before = carried_by(message)
        uploads = before if change.attachment_ids is UNSET else _uploads(membership, change.attachment_ids)
        if _says_otherwise(message, change, bool(uploads)) or uploads != before:
            _refuse_late(message)
            _refuse_unsealed(membership, change)
            if filters.refuses(hits):
                raise Refusal("content_refused")
            if uploads != before:
                reattach(message.id, message.seq, uploads)
            _edit(membership, message, change, uploads, adds_files=not set(uploads).issubset(before))
            if hits:
                filters.flag(message.id, actor.id, hits, timezone.now())
    return message


def _says_otherwise(message: Message, change: MessageChange, has_files: bool) -> bool:
    """Whether the change is about what the message says."""
    if change.envelope:
        if change.client_id == message.edit_id and message.envelope != _kept(change):
            raise Refusal("idempotency_conflict")
        return change.client_id != message.edit_id
    if not has_files:
        check_content(change.text)
    named = {*map(str, change.mention_ids)} - {str(message.sender_id), *(message.mentions or ())}
    return message.content != change.text or bool(named)


def _refuse_unsealed(membership: Membership, change: MessageChange) -> None:
    """Refuses what is not sealed for the present roster, where it must be."""
    conversation = membership.conversation
    if conversation.is_e2ee and change.envelope:
        devices = rosters.devices_in([conversation.id])[conversation.id]
        if refusal := rosters.refusal_of(change.envelope, membership.user_id, conversation.roster_seq, devices):
            raise refusal
    elif conversation.is_e2ee:
        raise invalid("envelope", UNSEALED, "required")
    elif change.envelope:
        raise invalid("envelope", NOT_E2EE)


def _kept(change: MessageChange) -> dict[str, Any] | None:
    """The envelope as a row keeps it."""
    return msgspec.to_builtins(change.envelope) if change.envelope else None


def _refuse_late(message: Message) -> None:
    window = timedelta(minutes=settings.EDIT_WINDOW_MINUTES)
    if window and timezone.now() - message.created_at > window:
        raise Refusal("edit_window_closed")


def _uploads(membership: Membership, ids: Sequence[UUID]) -> list[Upload]:
    asked = (membership.conversation_id, membership.user_id, ids)
    uploads = Attachable([asked]).of(asked)
    if uploads is None:
        raise invalid("attachment_ids", NO_UPLOAD)
    return uploads


def _edit(
    membership: Membership, message: Message, change: MessageChange, uploads: list[Upload], *, adds_files: bool
) -> None:
    moment, place = timezone.now(), message.conversation_id
    content, envelope = change.text, _kept(change)
    named = named_in(content, change.mention_ids)
    mentioned = Members([(place, named)]).mentioned(place, named, membership.user_id)
    if mentioned is None:
        raise invalid("mention_ids", "Only members can be mentioned.")
    before = {UUID(id_) for id_ in message.mentions or ()}
    spend_slow_mode(membership, message, content, moment, adds=adds_files or not before.issuperset(mentioned))
    if (message.content, message.envelope) != (content, envelope):
        _remember(message, moment)
    _name(message, mentioned)
    change_message(
        membership,
        message,
        Kind.MESSAGE_UPDATED,
        moment,
        content=content,
        envelope=envelope,
        edit_id=change.client_id or "" if envelope else "",
        words=indexed(content),
        attachments=shown_of(uploads),
        content_type=content_type_of(uploads, is_sealed=bool(envelope)),
        edited_at=moment,
        mentions=[str(id_) for id_ in mentioned] or None,
        mentions_all=named.is_all and may(membership, "mention_all"),
    )
    User.objects.lock_all(before.union(mentioned))  # all at once: forgetting and telling lock some of them each
    forget_mentions(message.id, but=mentioned)
    tell_named(message, set(mentioned) - before)


def _remember(message: Message, moment: datetime) -> None:
    sealed_under = (message.edit_id or message.client_id) if message.envelope else ""
    Revision.objects.create(
        message=message,
        content=message.content,
        envelope=message.envelope,
        client_id=sealed_under,
        replaced_at=moment,
    )


def _name(message: Message, mentioned: list[UUID]) -> None:
    """The message names these people now, and no others."""
    Mention.objects.filter(message=message).exclude(user__in=mentioned).delete()
    rows = [
        Mention(
            message=message,
            conversation_id=message.conversation_id,
            user_id=user_id,
            sender_id=message.sender_id,
            number=message.number,
        )
        for user_id in mentioned
    ]
    Mention.objects.bulk_create(rows, ignore_conflicts=True)


@limited("RATE_CHANGES")
def delete_message(actor: User, *, message_id: UUID) -> None:
    """Delete an own message, or as a moderator that of a member: for everybody, for ever. A tombstone stays, and
    nothing of what it said, of what it said before, or of the reactions to it."""
    with transaction.atomic():
        try:
            membership, message = lock_message(actor, message_id)
        except Refusal:
            if Message.objects.visible_to(actor).filter(id=message_id, deleted_at__isnull=False).exists():
                return
            raise
        if message.sender_id != actor.id and not _may_moderate(membership, message):
            raise Refusal("permission_denied")
        empty_message(membership.conversation, actor, message)


def empty_message(conversation: Conversation, actor: User | None, message: Message) -> None:
    """Leave a tombstone of a locked message. Without an actor it was the house."""
    for about in (Mention, Reaction, Revision):
        about._default_manager.filter(message=message).delete()
    if message.attachments:
        reattach(message.id, message.seq)
    moment = timezone.now()
    write_change(
        conversation,
        actor,
        message,
        Kind.MESSAGE_DELETED,
        moment,
        content="",
        envelope=None,
        edit_id="",
        words="",
        metadata=None,
        attachments=None,
        mentions=None,
        mentions_all=False,
        reactions=None,
        pinned_at=None,
        deleted_at=moment,
    )
    if message.thread_id:
        recount_thread(conversation, actor, message.thread_id, -1)
    forget_message(message.id)


def _may_moderate(membership: Membership, message: Message) -> bool:
    """Whether the actor's role reaches the sender, who may have left."""
    if not may(membership, "delete_messages"):
        return False
    sender = Membership.objects.live().filter(conversation=membership.conversation, user=message.sender_id).first()
    return sender is None or may_act_on(membership, sender)
