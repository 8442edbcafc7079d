from conversations.models.change import Change
from conversations.models.conversation import Conversation
from conversations.models.membership import Membership

__all__ = ["Change", "Conversation", "Membership"]
