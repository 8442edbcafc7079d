"""The deeds on conversations and their members: each one transaction, the only writers."""

from conversations.services.create import create_channel, create_group, open_direct
from conversations.services.edit import delete_conversation, edit_conversation
from conversations.services.farewell import leave_everything
from conversations.services.lobby import ensure_lobby
from conversations.services.members import add_members, change_role, edit_own_membership, join, leave, remove_member

__all__ = [
    "add_members",
    "change_role",
    "create_channel",
    "create_group",
    "delete_conversation",
    "edit_conversation",
    "edit_own_membership",
    "ensure_lobby",
    "join",
    "leave",
    "leave_everything",
    "open_direct",
    "remove_member",
]
