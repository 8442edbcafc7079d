"""Reactions: an emoji that a member adds to a message."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from common.action_limits import limited
from common.clock import now
from common.errors import Refusal, invalid
from common.text import emoji_of
from conversations.log import Kind
from conversations.relations import refuse_if_blocked
from conversations.services.locking import refuse_unless_allowed
from messaging.models import Message, Reaction
from messaging.services.locking import change_message, lock_message
from messaging.services.notices import notify_reaction, update_reaction_notice

EMOJIS_PER_MESSAGE = 50
SHOWN = 50
"""How many of those who chose an emoji are listed by id; the others are only counted."""


@limited("RATE_REACTIONS")
def add_reaction(actor: User, *, message_id: UUID, emoji: str) -> Message:
    """React to a message; repeating it changes nothing. Refuses `not_found`, `invalid` if it is not an emoji,
    `read_only`, `blocked`, and `conflict` if the message has too many different ones."""
    emoji = check_emoji(emoji)
    with transaction.atomic():
        membership, message = lock_message(actor, message_id)
        refuse_unless_allowed(membership, "react")
        refuse_if_blocked(membership)
        reaction = {"message": message, "user": actor, "emoji": emoji}
        if Reaction.objects.filter(**reaction).exists():
            return message
        shown = dict(message.reactions or {})
        if emoji not in shown and len(shown) >= EMOJIS_PER_MESSAGE:
            detail = f"This message already has {EMOJIS_PER_MESSAGE} different reactions. Choose one of those."
            raise Refusal("conflict", detail)
        Reaction.objects.create(**reaction, created_at=now())
        change_message(membership, message, Kind.REACTION_ADDED, reactions={**shown, emoji: _state(message, emoji)})
        notify_reaction(message, actor, emoji)
    return message


@limited("RATE_REACTIONS")
def remove_reaction(actor: User, *, message_id: UUID, emoji: str) -> Message:
    """Remove a reaction, even if it no longer counts as an emoji; without one nothing happens. Refuses `not_found`."""
    emoji = emoji_of(emoji) or emoji
    with transaction.atomic():
        membership, message = lock_message(actor, message_id)
        deleted, _ = Reaction.objects.filter(message=message, user=actor, emoji=emoji).delete()
        if deleted:
            remaining = _state(message, emoji)
            shown = {**(message.reactions or {}), emoji: remaining}
            if not remaining["count"]:
                del shown[emoji]
            change_message(membership, message, Kind.REACTION_REMOVED, reactions=shown or None)
            update_reaction_notice(message)
    return message


def check_emoji(text: str) -> str:
    """The emoji in its canonical spelling. Refuses (`invalid`) anything but one picture, perhaps a joined one."""
    if emoji := emoji_of(text):
        return emoji
    raise invalid("emoji", "That isn't an emoji.")


def reactions_of(message: Message) -> dict[str, Any]:
    """A message's reactions as clients see them, computed from the rows."""
    emojis = Reaction.objects.filter(message=message).order_by("id").values_list("emoji", flat=True)
    return {emoji: _state(message, emoji) for emoji in dict.fromkeys(emojis)}


def _state(message: Message, emoji: str) -> dict[str, Any]:
    reactions = Reaction.objects.filter(message=message, emoji=emoji)
    first = reactions.order_by("id").values_list("user_id", flat=True)[:SHOWN]
    return {"count": reactions.count(), "user_ids": [str(user_id) for user_id in first]}
