"""Editing and deleting messages. Each takes a seq in the log; the log entry holds the message's id, never its text."""

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
from common.action_limits import limited
from common.errors import Refusal, invalid
from conversations.log import Kind
from conversations.models import Conversation, Membership
from conversations.policy import may, may_act_on
from conversations.relations import refuse_if_blocked
from conversations.services.locking import refuse_unless_allowed
from encryption.services import rosters
from media.models import Upload
from media.services import AttachableUploads, replace_attachments
from messaging.models import Mention, Message, Reaction, Revision
from messaging.models.search_terms import index_search_terms
from messaging.services.locking import change_message, lock_message, recount_thread, write_change
from messaging.services.notices import notify_mentioned
from messaging.services.slow_mode import spend_slow_mode
from messaging.wire.mentions import NOT_MENTIONABLE, MentionableMembers, parse_mentions
from messaging.wire.writing import NOT_E2EE, UNSEALED, MessageChange, check_content
from messaging.writing import filters
from messaging.writing.attachments import NOT_ATTACHABLE, attachment_states, content_type_of, uploads_of
from notifications.services import forget_mentions, forget_message


def _is_repeat(actor: User, *, message_id: UUID, change: MessageChange) -> bool:
    """Whether the message already is in the state of this edit."""
    client_id = change.client_id
    return bool(client_id) and Message.objects.filter(id=message_id, sender=actor, edit_id=client_id).exists()


@limited("RATE_EDITS", unless=_is_repeat)
def edit_message(actor: User, *, message_id: UUID, change: MessageChange) -> Message:
    """Replace the text or envelope of the actor's own message, its mentions and its attachments. Earlier versions are
    kept as revisions until the message is deleted. Without `attachment_ids` it keeps its attachments; without
    attachments it needs a text.

    Refuses `not_found` (also if it is deleted), `permission_denied`, `read_only`, `blocked`, `edit_window_closed`,
    `slow_mode`, `content_refused`, `rate_limited` and `stale_devices`. The same envelope again changes nothing."""
    change.check()
    hits = filters.filter_cache.get().find(change.text)
    with transaction.atomic():
        membership, message = lock_message(actor, message_id)
        if message.sender_id != actor.id:
            raise Refusal("permission_denied")
        refuse_unless_allowed(membership, "send_message")
        refuse_if_blocked(membership)
        before = uploads_of(message)
        uploads = before if change.attachment_ids is UNSET else _uploads(membership, change.attachment_ids)
        if _differs(message, change, bool(uploads)) or uploads != before:
            _refuse_late_edit(message)
            _refuse_unsealed(membership, change)
            if filters.is_blocked_by(hits):
                raise Refusal("content_refused")
            if uploads != before:
                replace_attachments(message.id, message.seq, uploads)
            _edit(membership, message, change, uploads, adds_files=not set(uploads).issubset(before))
            if hits:
                filters.report_flagged(message.id, actor.id, hits, timezone.now())
    return message


def _differs(message: Message, change: MessageChange, has_files: bool) -> bool:
    """Whether the edit changes the text, the envelope or the mentions of the message."""
    if change.envelope:
        if change.client_id == message.edit_id and message.envelope != _envelope_json(change):
            raise Refusal("idempotency_conflict")
        return change.client_id != message.edit_id
    if not has_files:
        check_content(change.text)
    new_mentions = {*map(str, change.mention_ids)} - {str(message.sender_id), *(message.mentions or ())}
    return message.content != change.text or bool(new_mentions)


def _refuse_unsealed(membership: Membership, change: MessageChange) -> None:
    """Refuse an edit that is not sealed for the current roster of an end-to-end conversation."""
    conversation = membership.conversation
    if conversation.is_e2ee and change.envelope:
        devices = rosters.devices_in([conversation.id])[conversation.id]
        if refusal := rosters.envelope_refusal(change.envelope, membership.user_id, conversation.roster_seq, devices):
            raise refusal
    elif conversation.is_e2ee:
        raise invalid("envelope", UNSEALED, "required")
    elif change.envelope:
        raise invalid("envelope", NOT_E2EE)


def _envelope_json(change: MessageChange) -> dict[str, Any] | None:
    """The envelope as a row stores it."""
    return msgspec.to_builtins(change.envelope) if change.envelope else None


def _refuse_late_edit(message: Message) -> None:
    window = timedelta(minutes=settings.EDIT_WINDOW_MINUTES)
    if window and timezone.now() - message.created_at > window:
        raise Refusal("edit_window_closed")


def _uploads(membership: Membership, ids: Sequence[UUID]) -> list[Upload]:
    asked = (membership.conversation_id, membership.user_id, ids)
    uploads = AttachableUploads([asked]).of(asked)
    if uploads is None:
        raise invalid("attachment_ids", NOT_ATTACHABLE)
    return uploads


def _edit(
    membership: Membership, message: Message, change: MessageChange, uploads: list[Upload], *, adds_files: bool
) -> None:
    moment, content, envelope = timezone.now(), change.text, _envelope_json(change)
    mentions = parse_mentions(content, change.mention_ids)
    members = MentionableMembers([(message.conversation_id, mentions)])
    mentioned_ids = members.resolve(message.conversation_id, mentions, membership.user_id)
    if mentioned_ids is None:
        raise invalid("mention_ids", NOT_MENTIONABLE)
    before = {UUID(id_) for id_ in message.mentions or ()}
    spend_slow_mode(membership, message, content, moment, adds=adds_files or not before.issuperset(mentioned_ids))
    if (message.content, message.envelope) != (content, envelope):
        _record_revision(message, moment)
    _replace_mentions(message, mentioned_ids)
    change_message(
        membership,
        message,
        Kind.MESSAGE_UPDATED,
        moment,
        content=content,
        envelope=envelope,
        edit_id=change.client_id or "" if envelope else "",
        words=index_search_terms(content),
        attachments=attachment_states(uploads),
        content_type=content_type_of(uploads, is_sealed=bool(envelope)),
        edited_at=moment,
        mentions=[str(id_) for id_ in mentioned_ids] or None,
        mentions_all=mentions.is_all and may(membership, "mention_all"),
    )
    User.objects.lock_all(before.union(mentioned_ids))  # at once, because both calls below lock some of them
    forget_mentions(message.id, still_mentioned=mentioned_ids)
    notify_mentioned(message, set(mentioned_ids) - before)


def _record_revision(message: Message, moment: datetime) -> None:
    sealed_under = (message.edit_id or message.client_id) if message.envelope else ""
    Revision.objects.create(
        message=message,
        content=message.content,
        envelope=message.envelope,
        client_id=sealed_under,
        replaced_at=moment,
    )


def _replace_mentions(message: Message, mentioned_ids: list[UUID]) -> None:
    """Make the message mention these members and no others."""
    Mention.objects.filter(message=message).exclude(user__in=mentioned_ids).delete()
    rows = [
        Mention(
            message=message,
            conversation_id=message.conversation_id,
            user_id=user_id,
            sender_id=message.sender_id,
            number=message.number,
        )
        for user_id in mentioned_ids
    ]
    Mention.objects.bulk_create(rows, ignore_conflicts=True)


@limited("RATE_CHANGES")
def delete_message(actor: User, *, message_id: UUID) -> None:
    """Delete the actor's own message, or as a moderator a member's message, for everyone and permanently. A tombstone
    stays; the text, its revisions and the reactions are gone."""
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
    """Turn a locked message into a tombstone. Without an actor it was done by the operators."""
    for related in (Mention, Reaction, Revision):
        related._default_manager.filter(message=message).delete()
    if message.attachments:
        replace_attachments(message.id, message.seq)
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
    """Whether the actor may delete this message as a moderator. The sender may have left the conversation."""
    if not may(membership, "delete_messages"):
        return False
    sender = Membership.objects.live().filter(conversation=membership.conversation, user=message.sender_id).first()
    return sender is None or may_act_on(membership, sender)
