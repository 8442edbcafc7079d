from conversations.models.ban import Ban
from conversations.models.change import Change
from conversations.models.conversation import Conversation, is_small
from conversations.models.invite import Invite
from conversations.models.membership import Membership

__all__ = ["Ban", "Change", "Conversation", "Invite", "Membership", "is_small"]
