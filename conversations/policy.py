"""Who may do what in a conversation: one table, from which the checks and every row's `capabilities` come."""

from conversations.models import Conversation, Membership

Role = Membership.Role
RANK = {Role.MEMBER: 0, Role.ADMIN: 1, Role.OWNER: 2}

LEAST_ROLE: dict[str, Role] = {
    "send_message": Role.MEMBER,
    "leave": Role.MEMBER,
    "add_members": Role.ADMIN,
    "remove_members": Role.ADMIN,
    "delete_messages": Role.ADMIN,
    "edit_conversation": Role.ADMIN,
    "change_roles": Role.OWNER,
    "delete_conversation": Role.OWNER,
}
"""Action → the least role that may take it."""

NOT_IN_DIRECT = frozenset(LEAST_ROLE) - {"send_message"}


def may(membership: Membership, action: str) -> bool:
    """Whether this member may take this action in their conversation."""
    conversation = membership.conversation
    if conversation.is_direct and action in NOT_IN_DIRECT:
        return False
    if action == "add_members" and conversation.members_can_invite:
        return True
    return RANK[Role(membership.role)] >= RANK[LEAST_ROLE[action]]


def may_act_on(actor: Membership, subject: Membership) -> bool:
    """Whether the actor's role reaches the subject: owners reach everybody, admins reach members."""
    return actor.role == Role.OWNER or RANK[Role(actor.role)] > RANK[Role(subject.role)]


def capabilities(membership: Membership) -> list[str]:
    """The actions this member may take, for clients to show."""
    return [action for action in LEAST_ROLE if may(membership, action)]


def is_acquainting(conversation: Conversation) -> bool:
    """Whether sharing this conversation counts as knowing one another: a public channel does not."""
    return conversation.kind != Conversation.Kind.CHANNEL
