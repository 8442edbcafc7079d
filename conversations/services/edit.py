"""Changing and ending a conversation."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from chatproject.common.errors import Refusal, invalid
from chatproject.common.limited import limited
from chatproject.common.text import clean_line
from conversations.log import Kind, announce_change, announce_removed, append, conversation_frame
from conversations.models import Conversation, Membership
from conversations.services.locking import lock_for


@limited("RATE_CHANGES")
def edit_conversation(actor: Membership, *, changes: dict[str, Any]) -> Membership:
    """Change the name, the description or the policy; everybody in it hears of it.

    What is so already takes no place in the log."""
    changes = clean(changes)
    with transaction.atomic():
        actor = lock_for(actor, "edit_conversation")
        change_conversation(actor.conversation, actor.user, changes)
    return actor


def clean(changes: dict[str, Any]) -> dict[str, Any]:
    """These changes with the name cleaned. Refuses (`invalid`) to take it away."""
    if "name" not in changes:
        return changes
    if not (name := clean_line(changes["name"])):
        raise invalid("name", "A name is needed.", "required")
    return {**changes, "name": name}


def claim_name(conversation: Conversation) -> None:
    """Have a public conversation called so. Refuses (`conflict`) a name that looks like that of another one."""
    conversation.look()
    if conversation.looks_like_another():
        raise _taken()


def save_named(conversation: Conversation, **options: Any) -> None:
    """Save it. Refuses (`conflict`) where another one took the name at this moment."""
    try:
        with transaction.atomic():
            conversation.save(**options)
    except IntegrityError:
        if conversation.looks_like_another():
            raise _taken() from None
        raise


def _taken() -> Refusal:
    detail = "There is a public conversation with this name, or one that looks like it."
    return Refusal("conflict", detail, errors=[{"field": "name", "code": "taken", "detail": detail}])


def change_conversation(conversation: Conversation, actor: User | None, changes: dict[str, Any]) -> dict[str, Any]:
    """Write these fields of a locked conversation at the next place of its log, and tell it. Returns those that were
    otherwise before; without any, nothing is written."""
    changes = {name: value for name, value in changes.items() if getattr(conversation, name) != value}
    if changes:
        for name, value in changes.items():
            setattr(conversation, name, value)
        if "name" in changes:
            claim_name(conversation)
        save_named(conversation, update_fields=[*changes, "name_skeleton"])
        change = append(conversation, Kind.CONVERSATION_UPDATED, actor=actor)
        announce_change(change, conversation_frame(change, conversation))
    return changes


@limited("RATE_CHANGES")
def delete_conversation(actor: Membership) -> None:
    """End a conversation for everybody; nobody finds it any more."""
    with transaction.atomic():
        actor = lock_for(actor, "delete_conversation")
        conversation = actor.conversation
        members = list(Membership.objects.live().filter(conversation=conversation).values_list("user_id", flat=True))
        end(conversation, actor.user)
        announce_removed(members, conversation.id, timezone.now())


def end(conversation: Conversation, actor: User | None) -> None:
    """End a locked conversation. Its members are still to be told that they are in it no longer."""
    change = append(conversation, Kind.CONVERSATION_DELETED, actor=actor)
    Conversation.objects.filter(id=conversation.id).update(deleted_at=timezone.now())
    announce_change(change, conversation_frame(change, conversation))
