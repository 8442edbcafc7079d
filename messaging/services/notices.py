"""Whom a deed on a message concerns, told in its transaction. What sending causes the writer and the worker tell."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from messaging.models import Message, Reaction
from messaging.previews import preview
from notifications.levels import Occasion, welcome
from notifications.models import Notice
from notifications.services import forget_reactions, notify

Kind = Notice.Kind


def tell_named(message: Message, user_ids: Collection[UUID]) -> None:
    """Tell those whom an edited message mentions now and did not before."""
    _tell(Kind.MENTION, message, message.sender, user_ids)


def tell_reaction(message: Message, actor: User, emoji: str) -> None:
    """Tell whoever wrote a message that somebody else reacted to it."""
    if message.sender_id != actor.id:
        _tell(Kind.REACTION, message, actor, [message.sender_id], emoji=emoji, count=_by_others(message).count())


def retell_reactions(message: Message) -> None:
    """A reaction was taken back: the author's notice is of those that are left."""
    last = _by_others(message).select_related("user").order_by("-id").first()
    data = {"emoji": last.emoji, "count": _by_others(message).count()} if last else {}
    forget_reactions(message.id, last.user if last else None, data)


def _by_others(message: Message) -> QuerySet[Reaction]:
    return Reaction.objects.filter(message=message).exclude(user=message.sender_id)


def _tell(kind: Notice.Kind, message: Message, actor: User, user_ids: Collection[UUID], **data: Any) -> None:
    glad = welcome(kind, [Occasion(message.conversation_id, id_, actor.id, message.seq) for id_ in user_ids])
    if glad:
        notify(
            [membership.user for membership in glad.values()],
            kind,
            subject_id=message.id,
            actor=actor,
            conversation=message.conversation,
            message_id=message.id,
            seq=message.seq,
            preview=preview(message.content),
            data=data,
        )
