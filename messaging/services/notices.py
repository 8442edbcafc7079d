"""Notices about edits and reactions, written in the action's transaction. The writer and the worker write those about
new messages."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from messaging.models import Message, Reaction
from messaging.reading.previews import preview
from notifications.levels import NoticeTarget, find_recipients
from notifications.models import Notice
from notifications.services import forget_reactions, notify

Kind = Notice.Kind


def notify_mentioned(message: Message, user_ids: Collection[UUID]) -> None:
    """Notify those whom an edited message mentions now but did not mention before."""
    _notify_those_who_want_it(Kind.MENTION, message, message.sender, user_ids)


def notify_reaction(message: Message, actor: User, emoji: str) -> None:
    """Notify the sender of a message that someone else reacted to it."""
    if message.sender_id != actor.id:
        count = _reactions_by_others(message).count()
        _notify_those_who_want_it(Kind.REACTION, message, actor, [message.sender_id], emoji=emoji, count=count)


def update_reaction_notice(message: Message) -> None:
    """Update the sender's notice after a reaction was removed, or delete it if no reaction is left."""
    last = _reactions_by_others(message).select_related("user").order_by("-id").first()
    data = {"emoji": last.emoji, "count": _reactions_by_others(message).count()} if last else {}
    forget_reactions(message.id, last.user if last else None, data)


def _reactions_by_others(message: Message) -> QuerySet[Reaction]:
    return Reaction.objects.filter(message=message).exclude(user=message.sender_id)


def _notify_those_who_want_it(
    kind: Notice.Kind, message: Message, actor: User, user_ids: Collection[UUID], **data: Any
) -> None:
    memberships = find_recipients(
        kind, [NoticeTarget(message.conversation_id, id_, actor.id, message.seq) for id_ in user_ids]
    )
    if memberships:
        notify(
            [membership.user for membership in memberships.values()],
            kind,
            subject_id=message.id,
            actor=actor,
            conversation=message.conversation,
            message_id=message.id,
            seq=message.seq,
            preview=preview(message.content),
            data=data,
        )
