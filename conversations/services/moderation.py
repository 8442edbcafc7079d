"""The actions of operators on a conversation, whether they are members or not. Members see the changes at once.

The log of the conversation does not say who did it. The audit log does, with the reason.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from common import audit
from common.action_limits import limited
from common.errors import invalid
from conversations.models import Conversation, Membership
from conversations.services.edit import change_conversation, clean_changes
from conversations.services.locking import lock_conversation
from conversations.services.members import change_member

Role = Membership.Role


def freeze(operator: User, *, conversation_id: UUID, reason: str = "") -> Conversation:
    """Freeze a conversation: its members can only read and leave, whatever their role."""
    return moderate(operator, conversation_id=conversation_id, changes={"is_frozen": True}, reason=reason)


def thaw(operator: User, *, conversation_id: UUID, reason: str = "") -> Conversation:
    """Undo `freeze`."""
    return moderate(operator, conversation_id=conversation_id, changes={"is_frozen": False}, reason=reason)


@limited("RATE_STAFF")
def moderate(
    operator: User, *, conversation_id: UUID, changes: dict[str, Any], owner_id: UUID | None = None, reason: str = ""
) -> Conversation:
    """Change any of `is_frozen`, `is_read_only`, `slow_mode_seconds` and `name`, and make the member `owner_id` the
    only owner; former owners become admins. A change to the same values does nothing.

    Refuses `not_found`, and `invalid` for anything but `is_frozen` in a direct conversation."""
    changes = clean_changes(changes)
    with transaction.atomic():
        conversation = lock_conversation(conversation_id)
        if conversation.is_direct:
            for field in changes.keys() - {"is_frozen"} | ({"owner_id"} if owner_id else set()):
                raise invalid(field, "A direct conversation can only be frozen.")
        changed = change_conversation(conversation, None, changes)
        if owner_id and _change_owner(conversation, owner_id):
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


def _change_owner(conversation: Conversation, owner_id: UUID) -> bool:
    """Make this member the only owner. False if they already are."""
    members = Membership.objects.live().filter(conversation=conversation).select_related("user")
    new_owner = members.filter(user_id=owner_id).first()
    if new_owner is None:
        raise invalid("owner_id", "Choose a member of this conversation.")
    others = list(members.filter(role=Role.OWNER).exclude(user_id=owner_id).order_by("pk"))
    if new_owner.role == Role.OWNER and not others:
        return False
    for member, role in [(new_owner, Role.OWNER), *((other, Role.ADMIN) for other in others)]:
        member.conversation = conversation
        if member.role != role:
            change_member(member, None, "role", role)
    return True
