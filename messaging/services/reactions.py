"""Reacting with an emoji."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, invalid
from chatproject.common.limited import limited
from chatproject.common.text import emoji_of
from conversations.log import Kind
from conversations.people import refuse_if_blocked
from conversations.services.locking import refuse_unless_allowed
from messaging.models import Message, Reaction
from messaging.services.locking import change_message, lock_message
from messaging.services.notices import retell_reactions, tell_reaction

EMOJIS_PER_MESSAGE = 50
SHOWN = 50
"""People of one emoji who are named; the others are only counted."""


@limited("RATE_REACTIONS")
def add_reaction(actor: User, *, message_id: UUID, emoji: str) -> Message:
    """React to a message; repeating it changes nothing. Refuses `not_found`, `invalid` for what is no emoji,
    `read_only`, `blocked`, and `conflict` when a message has too many different ones."""
    emoji = check_emoji(emoji)
    with transaction.atomic():
        membership, message = lock_message(actor, message_id)
        refuse_unless_allowed(membership, "react")
        refuse_if_blocked(membership)
        mine = {"message": message, "user": actor, "emoji": emoji}
        if Reaction.objects.filter(**mine).exists():
            return message
        shown = dict(message.reactions or {})
        if emoji not in shown and len(shown) >= EMOJIS_PER_MESSAGE:
            raise Refusal("conflict", f"A message has at most {EMOJIS_PER_MESSAGE} different reactions.")
        Reaction.objects.create(**mine, created_at=now())
        change_message(membership, message, Kind.REACTION_ADDED, reactions={**shown, emoji: _state(message, emoji)})
        tell_reaction(message, actor, emoji)
    return message


@limited("RATE_REACTIONS")
def remove_reaction(actor: User, *, message_id: UUID, emoji: str) -> Message:
    """Take a reaction back, also one that is no emoji any more; without one nothing happens. Refuses `not_found`."""
    emoji = emoji_of(emoji) or emoji
    with transaction.atomic():
        membership, message = lock_message(actor, message_id)
        deleted, _ = Reaction.objects.filter(message=message, user=actor, emoji=emoji).delete()
        if deleted:
            left = _state(message, emoji)
            shown = {**(message.reactions or {}), emoji: left}
            if not left["count"]:
                del shown[emoji]
            change_message(membership, message, Kind.REACTION_REMOVED, reactions=shown or None)
            retell_reactions(message)
    return message


def check_emoji(text: str) -> str:
    """The emoji in its one spelling. Refuses (`invalid`) text: an emoji is one picture, perhaps of joined ones."""
    if emoji := emoji_of(text):
        return emoji
    raise invalid("emoji", "That isn't an emoji.")


def reactions_of(message: Message) -> dict[str, Any]:
    """What is shown of a message's reactions, made anew from the rows."""
    emojis = Reaction.objects.filter(message=message).order_by("id").values_list("emoji", flat=True)
    return {emoji: _state(message, emoji) for emoji in dict.fromkeys(emojis)}


def _state(message: Message, emoji: str) -> dict[str, Any]:
    reactions = Reaction.objects.filter(message=message, emoji=emoji)
    first = reactions.order_by("id").values_list("user_id", flat=True)[:SHOWN]
    return {"count": reactions.count(), "user_ids": [str(user_id) for user_id in first]}
