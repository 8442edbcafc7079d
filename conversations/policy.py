"""Who may do what in a conversation: one table, on which the checks and the `capabilities` in every row are based."""

from functools import cache
from typing import NamedTuple

from conversations.models import Membership

Role = Membership.Role
RANK = {Role.MEMBER: 0, Role.ADMIN: 1, Role.OWNER: 2}

MINIMUM_ROLE: dict[str, Role] = {
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
"""Action → the lowest role that may take it."""

ALLOWED_IN_DIRECT = frozenset({"send_message", "react", "pin_messages"})
"""The only actions in a direct conversation."""
WRITING_ACTIONS = frozenset({"send_message", "react", "mention_all"})
"""Actions that only admins may take in a read-only conversation, and that silenced members may not take."""


class Standing(NamedTuple):
    """What decides about actions: the member's role and silence, and the state of their conversation."""

    role: str
    is_silenced: bool
    is_direct: bool
    is_frozen: bool
    is_read_only: bool
    members_can_invite: bool


def may(membership: Membership, action: str) -> bool:
    """Whether this member may take this action in their conversation."""
    return _may(_standing(membership), action)


def may_view(membership: Membership, action: str) -> bool:
    """Whether this member may view what the action is about. Only the role counts, even in a frozen conversation."""
    return not membership.conversation.is_direct and RANK[Role(membership.role)] >= RANK[MINIMUM_ROLE[action]]


def may_act_on(actor: Membership, subject: Membership) -> bool:
    """Whether the actor may act on the subject: owners on everyone, admins on members."""
    return actor.role == Role.OWNER or RANK[Role(actor.role)] > RANK[Role(subject.role)]


def capabilities(membership: Membership) -> list[str]:
    """The actions that this member may take, so that clients show only these."""
    return list(_allowed(_standing(membership)))


def _standing(membership: Membership) -> Standing:
    conversation = membership.conversation
    return Standing(
        membership.role,
        membership.is_silenced,
        conversation.is_direct,
        conversation.is_frozen,
        conversation.is_read_only,
        conversation.members_can_invite,
    )


@cache
def _allowed(standing: Standing) -> tuple[str, ...]:
    return tuple(action for action in MINIMUM_ROLE if _may(standing, action))


def _may(standing: Standing, action: str) -> bool:
    if standing.is_frozen:
        return action == "leave" and not standing.is_direct
    if standing.is_direct:
        return action in ALLOWED_IN_DIRECT
    if action in WRITING_ACTIONS and standing.is_silenced:
        return False
    if action == "add_members" and standing.members_can_invite:
        return True
    least = Role.ADMIN if standing.is_read_only and action in WRITING_ACTIONS else MINIMUM_ROLE[action]
    return RANK[Role(standing.role)] >= RANK[least]
