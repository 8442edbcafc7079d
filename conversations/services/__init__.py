"""The actions on conversations and their members. Each is one transaction, and only these write."""

from conversations.services.bans import ban, unban
from conversations.services.create import create_channel, create_group, open_direct
from conversations.services.departures import leave_all_conversations, remove_by_operator
from conversations.services.edit import delete_conversation, edit_conversation
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
    "leave_all_conversations",
    "moderate",
    "open_direct",
    "remove_by_operator",
    "remove_member",
    "silence_member",
    "thaw",
    "token_of",
    "unban",
]
