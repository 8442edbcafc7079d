"""The policy as a table to test against: action, role and state → what comes of it. Written out, not computed from
`conversations/policy.py`: change both."""

from collections.abc import Iterator
from typing import NamedTuple

OK, DENIED, READ_ONLY, NOT_FOUND, IGNORED = "ok", "permission_denied", "read_only", "not_found", "ignored"
ROLES = ("owner", "admin", "member")
OUTSIDE = ("left", "stranger", "banned")
STATES = ("group", "read-only group", "silenced in a group", "frozen group", "channel", "direct")

IN_GROUPS = {
    # action: owner, admin, member
    "send_message": (OK, OK, OK),
    "react": (OK, OK, OK),
    "leave": (OK, OK, OK),
    "add_members": (OK, OK, DENIED),
    "remove_members": (OK, OK, DENIED),
    "silence_members": (OK, OK, DENIED),
    "ban_members": (OK, OK, DENIED),
    "invite": (OK, OK, DENIED),
    "delete_messages": (OK, OK, DENIED),
    "pin_messages": (OK, OK, DENIED),
    "mention_all": (OK, OK, IGNORED),
    "edit_conversation": (OK, OK, DENIED),
    "change_roles": (OK, DENIED, DENIED),
    "delete_conversation": (OK, DENIED, DENIED),
}
"""What each role may do in a group and in a channel."""
FOR_MEMBERS = {
    "read-only group": {"send_message": READ_ONLY, "react": READ_ONLY, "mention_all": READ_ONLY},
}
"""Where it is otherwise for members."""
FOR_ALL = {
    "silenced in a group": {"send_message": READ_ONLY, "react": READ_ONLY, "mention_all": READ_ONLY},
    "frozen group": {action: OK if action == "leave" else READ_ONLY for action in IN_GROUPS},
}
"""Where the result is different for every role."""
ALLOWED_IN_DIRECT = {
    action: {"send_message": OK, "react": OK, "pin_messages": OK, "mention_all": IGNORED}.get(action, DENIED)
    for action in IN_GROUPS
}
"""What both may do in a direct conversation, where nobody has a role; people in it neither leave nor are banned."""


class Line(NamedTuple):
    state: str
    role: str
    action: str
    code: str


def lines() -> Iterator[Line]:
    """Every line of the table."""
    for state in STATES:
        for action, codes in IN_GROUPS.items():
            if state == "direct":
                yield Line(state, "member", action, ALLOWED_IN_DIRECT[action])
                yield Line(state, "stranger", action, NOT_FOUND)
                continue
            for role, code in zip(ROLES, codes, strict=True):
                special = FOR_MEMBERS.get(state, {}) if role == "member" else {}
                yield Line(state, role, action, {**special, **FOR_ALL.get(state, {})}.get(action, code))
            for role in OUTSIDE:
                yield Line(state, role, action, NOT_FOUND)
