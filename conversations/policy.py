"""Who may do what in a conversation: one table, from which the checks and every row's `capabilities` come."""

from conversations.models import Membership

Role = Membership.Role
RANK = {Role.MEMBER: 0, Role.ADMIN: 1, Role.OWNER: 2}

LEAST_ROLE: dict[str, Role] = {
    "send_message": Role.MEMBER,
    "react": Role.MEMBER,
    "leave": Role.MEMBER,
    "add_members": Role.ADMIN,
    "remove_members": Role.ADMIN,
    "silence_members": Role.ADMIN,
    "ban_members": Role.ADMIN,
    "invite": Role.ADMIN,
    "delete_messages": Role.ADMIN,
    "pin_messages": Role.ADMIN,
    "mention_all": Role.ADMIN,
    "edit_conversation": Role.ADMIN,
    "change_roles": Role.OWNER,
    "delete_conversation": Role.OWNER,
}
"""Action → the least role that may take it."""

IN_DIRECT = frozenset({"send_message", "react", "pin_messages"})
"""What both of a direct conversation may do; nothing else is done there."""
FOR_WRITERS = frozenset({"send_message", "react", "mention_all"})
"""What takes an admin where the conversation is read-only, and what nobody does while silenced."""


def may(membership: Membership, action: str) -> bool:
    """Whether this member may take this action in their conversation."""
    conversation = membership.conversation
    if conversation.is_frozen:
        return action == "leave" and not conversation.is_direct
    if conversation.is_direct:
        return action in IN_DIRECT
    if action in FOR_WRITERS and membership.is_silenced:
        return False
    if action == "add_members" and conversation.members_can_invite:
        return True
    least = Role.ADMIN if conversation.is_read_only and action in FOR_WRITERS else LEAST_ROLE[action]
    return RANK[Role(membership.role)] >= RANK[least]


def may_look(membership: Membership, action: str) -> bool:
    """Whether this member may see what the action is about: by their role alone, in a frozen conversation too."""
    return not membership.conversation.is_direct and RANK[Role(membership.role)] >= RANK[LEAST_ROLE[action]]


def may_act_on(actor: Membership, subject: Membership) -> bool:
    """Whether the actor's role reaches the subject: owners reach everybody, admins reach members."""
    return actor.role == Role.OWNER or RANK[Role(actor.role)] > RANK[Role(subject.role)]


def capabilities(membership: Membership) -> list[str]:
    """The actions this member may take, for clients to show."""
    return [action for action in LEAST_ROLE if may(membership, action)]
