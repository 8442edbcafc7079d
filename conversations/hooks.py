"""Moments of which other apps may want to know, in the same transaction."""

from accounts.models import User
from chatproject.common.hooks import Hook
from conversations.models import Conversation, Invite

members_added: Hook[[Conversation, list[User], User]] = Hook("Somebody has put these people into a conversation.")
roster_joined: Hook[[Conversation, list[User]]] = Hook("These people are new in this end-to-end conversation.")
person_invited: Hook[[Invite, User]] = Hook("Somebody has invited this person, and nobody else.")
