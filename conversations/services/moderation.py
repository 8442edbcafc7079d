"""What operators do with a conversation, whether they are in it or not. Everybody in it hears of it at once.

Its log names nobody: for the members it was the house. Who it was, and why, stands in the audit log.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from chatproject.common import audit
from chatproject.common.errors import invalid
from chatproject.common.limited import limited
from conversations.models import Conversation, Membership
from conversations.services.edit import change_conversation, clean
from conversations.services.locking import lock
from conversations.services.members import change_member

Role = Membership.Role


def freeze(operator: User, *, conversation_id: UUID, reason: str = "") -> Conversation:
    """Nobody writes, edits, reacts or comes in any more, whatever their role; one may read, and leave."""
    return moderate(operator, conversation_id=conversation_id, changes={"is_frozen": True}, reason=reason)


def thaw(operator: User, *, conversation_id: UUID, reason: str = "") -> Conversation:
    """Everything as it was before it was frozen."""
    return moderate(operator, conversation_id=conversation_id, changes={"is_frozen": False}, reason=reason)


@limited("RATE_STAFF")
def moderate(
    operator: User, *, conversation_id: UUID, changes: dict[str, Any], owner_id: UUID | None = None, reason: str = ""
) -> Conversation:
    """Change any of `is_frozen`, `is_read_only`, `slow_mode_seconds` and `name`, and give it to another owner, one of
    its members; those who owned it are admins then. What is so already changes nothing.

    Refuses `not_found`, and `invalid`: in a direct conversation nothing but `is_frozen` makes sense."""
    changes = clean(changes)
    with transaction.atomic():
        conversation = lock(conversation_id)
        if conversation.is_direct:
            for field in changes.keys() - {"is_frozen"} | ({"owner_id"} if owner_id else set()):
                raise invalid(field, "A direct conversation can only be frozen.")
        changed = change_conversation(conversation, None, changes)
        if owner_id and _give(conversation, owner_id):
            changed["owner_id"] = owner_id
        if changed:
            audit.record(
                f"conversation.{_verb(changed)}",
                actor_id=operator.id,
                subject="conversation",
                subject_id=conversation.id,
                reason=reason,
                **changed,
            )
    return conversation


def _verb(changed: dict[str, Any]) -> str:
    if "is_frozen" in changed:
        return "freeze" if changed["is_frozen"] else "thaw"
    return "change"


def _give(conversation: Conversation, owner_id: UUID) -> bool:
    """Make this member the owner. False when they are the only one already."""
    members = Membership.objects.live().filter(conversation=conversation).select_related("user")
    heir = members.filter(user_id=owner_id).first()
    if heir is None:
        raise invalid("owner_id", "Only a member can own a conversation.")
    owners = list(members.filter(role=Role.OWNER).exclude(user_id=owner_id).order_by("pk"))
    if heir.role == Role.OWNER and not owners:
        return False
    for one, role in [(heir, Role.OWNER), *((former, Role.ADMIN) for former in owners)]:
        one.conversation = conversation
        if one.role != role:
            change_member(one, None, "role", role)
    return True
