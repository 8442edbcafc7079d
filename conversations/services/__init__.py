"""The deeds on conversations and their members: each one transaction, the only writers."""

from conversations.services.bans import ban, unban
from conversations.services.create import create_channel, create_group, open_direct
from conversations.services.edit import delete_conversation, edit_conversation
from conversations.services.farewell import leave_everything, take_out
from conversations.services.invites import accept_invite, create_invite, delete_invite, token_of
from conversations.services.lobby import ensure_lobby
from conversations.services.members import (
    add_members,
    change_role,
    edit_own_membership,
    join,
    leave,
    remove_member,
    silence_member,
)
from conversations.services.moderation import freeze, moderate, thaw

__all__ = [
    "accept_invite",
    "add_members",
    "ban",
    "change_role",
    "create_channel",
    "create_group",
    "create_invite",
    "delete_conversation",
    "delete_invite",
    "edit_conversation",
    "edit_own_membership",
    "ensure_lobby",
    "freeze",
    "join",
    "leave",
    "leave_everything",
    "moderate",
    "open_direct",
    "remove_member",
    "silence_member",
    "take_out",
    "thaw",
    "token_of",
    "unban",
]
