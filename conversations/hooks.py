"""Hooks for other apps, called in the same transaction."""

from accounts.models import User
from common.hooks import Hook
from conversations.models import Conversation, Invite

members_added: Hook[[Conversation, list[User], User]] = Hook("A user has added these users to a conversation.")
roster_joined: Hook[[Conversation, list[User]]] = Hook("These users are new members of this end-to-end conversation.")
user_invited: Hook[[Invite, User]] = Hook("A user has invited exactly this user.")
