"""Editing and deleting conversations."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from common.action_limits import limited
from common.errors import Refusal, invalid
from common.text import clean_line
from conversations.log import Kind, append_change, conversation_frame, publish_change, publish_conversation_removed
from conversations.models import Conversation, Membership
from conversations.services.locking import lock_membership


@limited("RATE_CHANGES")
def edit_conversation(actor: Membership, *, changes: dict[str, Any]) -> Membership:
    """Change the name, the description or the policy of a conversation, and publish it to the members. A change to the
    same values writes no log entry."""
    changes = clean_changes(changes)
    with transaction.atomic():
        actor = lock_membership(actor, "edit_conversation")
        change_conversation(actor.conversation, actor.user, changes)
    return actor


def clean_changes(changes: dict[str, Any]) -> dict[str, Any]:
    """These changes with the name cleaned. Refuses (`invalid`) an empty name."""
    if "name" not in changes:
        return changes
    if not (name := clean_line(changes["name"])):
        raise invalid("name", "Enter a name.", "required")
    return {**changes, "name": name}


def claim_public_name(conversation: Conversation) -> None:
    """Check the name of a public conversation. Refuses (`conflict`) a name that looks like that of another one."""
    conversation.update_name_skeleton()
    if conversation.has_similar_name():
        raise _name_taken()


def save_with_unique_name(conversation: Conversation, **options: Any) -> None:
    """Save a conversation. Refuses (`conflict`) if another one took the name at the same moment."""
    try:
        with transaction.atomic():
            conversation.save(**options)
    except IntegrityError:
        if conversation.has_similar_name():
            raise _name_taken() from None
        raise


def _name_taken() -> Refusal:
    detail = "Another public conversation has this name, or one that looks like it. Choose another name."
    return Refusal("conflict", detail, errors=[{"field": "name", "code": "taken", "detail": detail}])


def change_conversation(conversation: Conversation, actor: User | None, changes: dict[str, Any]) -> dict[str, Any]:
    """Write these fields of a locked conversation with the next seq of its log, and publish the change. Returns the
    fields that have changed; without any, nothing is written."""
    changes = {name: value for name, value in changes.items() if getattr(conversation, name) != value}
    if changes:
        for name, value in changes.items():
            setattr(conversation, name, value)
        if "name" in changes:
            claim_public_name(conversation)
        save_with_unique_name(conversation, update_fields=[*changes, "name_skeleton"])
        change = append_change(conversation, Kind.CONVERSATION_UPDATED, actor=actor)
        publish_change(change, conversation_frame(change, conversation))
    return changes


@limited("RATE_CHANGES")
def delete_conversation(actor: Membership) -> None:
    """Delete a conversation for all its members."""
    with transaction.atomic():
        actor = lock_membership(actor, "delete_conversation")
        conversation = actor.conversation
        user_ids = list(Membership.objects.live().filter(conversation=conversation).values_list("user_id", flat=True))
        end_conversation(conversation, actor.user)
        publish_conversation_removed(user_ids, conversation.id, timezone.now())


def end_conversation(conversation: Conversation, actor: User | None) -> None:
    """End a locked conversation. The caller publishes `conversation.removed` to its members."""
    change = append_change(conversation, Kind.CONVERSATION_DELETED, actor=actor)
    Conversation.objects.filter(id=conversation.id).update(deleted_at=timezone.now())
    publish_change(change, conversation_frame(change, conversation))
