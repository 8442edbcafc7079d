"""Who may do what: every action by every role in every state of a conversation, who may act on whom, and that a body
cannot set other fields."""

from uuid import uuid4

import pytest

from conversations.policy import MINIMUM_ROLE
from conversations.tests.policy_table import IGNORED, IN_GROUPS, NOT_FOUND, OK, ROLES, STATES, lines
from messaging.tests.client import Person

pytestmark = pytest.mark.plain  # the table is Python's alone
DENIED = "permission_denied"
LIKE = "\N{THUMBS UP SIGN}"
LATER = "2099-01-01T00:00:00Z"
TAKES_NOTHING = {"send_message", "react", "invite", "pin_messages", "mention_all", "edit_conversation", "add_members"}
"""What may succeed without the next action needing a conversation of its own."""


def test_every_action_is_in_the_table() -> None:
    assert IN_GROUPS.keys() == MINIMUM_ROLE.keys()
    assert len(list(lines())) == len(MINIMUM_ROLE) * (5 * 6 + 2)


class Scene:
    """A conversation in one state, with one person in each role, and somebody to act upon."""

    def __init__(self, person, state: str, operator) -> None:
        self.state, self.person, self.operator = state, person, operator
        names = ("owner", "admin", "member", "left", "stranger", "banned", "subject", "keeper")
        self.cast: dict[str, Person] = {name: person(name) for name in names}
        self.begin()

    def begin(self) -> None:
        """Create the conversation again, without what happened before."""
        keeper, cast = self.cast["keeper"], self.cast
        if self.state == "direct":
            self.id = keeper.post("conversations/", {"kind": "direct", "user_id": cast["member"].id})["id"]
        else:
            kind = "channel" if self.state == "channel" else "group"
            self.id = keeper.post("conversations/", {"kind": kind, "name": f"Room {uuid4()}"})["id"]
            inside = [cast[name].id for name in ("member", "left", "banned", "subject")]
            keeper.post(f"{self.path}members/", {"user_ids": inside})
            for role in ("owner", "admin"):
                keeper.post(f"{self.path}members/", {"user_id": cast[role].id, "role": role})
            cast["left"].call("DELETE", f"{self.path}members/me/")
            keeper.post(f"{self.path}bans/", {"user_id": cast["banned"].id})
        writer = keeper if self.state == "direct" else cast["subject"]
        self.messages = [writer.write(self.id, f"{n}") for n in range(4)]
        if self.state == "read-only group":
            assert keeper.code("PATCH", self.path, {"is_read_only": True}) == OK
        if self.state == "frozen group":
            assert self.operator.code("PATCH", f"moderation/{self.path}", {"is_frozen": True}) == OK
        if self.state == "silenced in a group":
            for role in ROLES:
                body = {"silenced_until": LATER}
                assert keeper.code("PATCH", f"{self.path}members/{cast[role].id}/", body) == OK

    @property
    def path(self) -> str:
        return f"conversations/{self.id}/"

    def act(self, role: str, action: str) -> str:
        """The result of this action by a user with this role. The subject is a plain member."""
        actor, subject, message = self.cast[role], self.cast["subject"], f"messages/{self.messages[0]['id']}/"
        someone = self.person("someone") if action == "add_members" else subject
        match action:
            case "mention_all":
                answer = actor.call("POST", f"{self.path}messages/", json={"content": "@all"})
                if answer.is_success:
                    return OK if answer.json()["mentions_all"] else IGNORED
                return answer.json()["code"]
            case "delete_messages":
                return actor.code("DELETE", f"messages/{self.messages[1]['id']}/")
        method, path, body = {
            "send_message": ("POST", f"{self.path}messages/", {"content": "Hello"}),
            "react": ("PUT", f"{message}reactions/{LIKE}/", None),
            "leave": ("DELETE", f"{self.path}members/me/", None),
            "add_members": ("POST", f"{self.path}members/", {"user_id": someone.id}),
            "remove_members": ("DELETE", f"{self.path}members/{subject.id}/", None),
            "silence_members": ("PATCH", f"{self.path}members/{subject.id}/", {"silenced_until": LATER}),
            "ban_members": ("POST", f"{self.path}bans/", {"user_id": subject.id}),
            "invite": ("POST", f"{self.path}invites/", {}),
            "pin_messages": ("PUT", f"{message}pin/", None),
            "edit_conversation": ("PATCH", self.path, {"description": f"By {actor.name}"}),
            "change_roles": ("PATCH", f"{self.path}members/{subject.id}/", {"role": "admin"}),
            "delete_conversation": ("DELETE", self.path, None),
        }[action]
        return actor.code(method, path, body)

    def log_entries(self) -> list[dict]:
        """The entries of the log so far, read by the keeper."""
        return self.cast["keeper"].get(f"{self.path}log/")["entries"]


@pytest.mark.parametrize("state", STATES)
def test_every_action_with_every_role(signed_up, operator, state: str) -> None:
    scene = Scene(signed_up, state, operator)
    here = [line for line in lines() if line.state == state]
    for role in {line.role for line in here if line.code != NOT_FOUND}:
        able = [line.action for line in here if line.role == role and line.code == OK]
        assert scene.cast[role].row(scene.id)["capabilities"] == able, role

    wrong = []
    for line in sorted(here, key=lambda line: line.code == OK):  # refusals first: they change nothing
        before = scene.log_entries()
        found = scene.act(line.role, line.action)
        wrong += [(*line, found)] if found != line.code else []
        if line.code in (OK, IGNORED):
            if line.action not in TAKES_NOTHING:
                scene.begin()
        else:
            assert scene.log_entries() == before, line
    assert not wrong


TABLE = {
    # action: owner, admin, member
    ("remove", "owner"): (OK, DENIED, DENIED),
    ("remove", "admin"): (OK, DENIED, DENIED),
    ("remove", "member"): (OK, OK, DENIED),
    ("silence", "owner"): (OK, DENIED, DENIED),
    ("silence", "admin"): (OK, DENIED, DENIED),
    ("silence", "member"): (OK, OK, DENIED),
    ("add", "member"): (OK, OK, DENIED),
    ("add", "admin"): (OK, DENIED, DENIED),
    ("add", "owner"): (OK, DENIED, DENIED),
    ("promote", "member"): (OK, DENIED, DENIED),
    ("demote", "owner"): (OK, DENIED, DENIED),
    ("demote", "admin"): (OK, DENIED, DENIED),
}
"""The action and the role of its subject → the result for each role of the actor."""


def test_who_may_act_on_whom(signed_up) -> None:
    cast = {name: signed_up(name) for name in ("owner", "admin", "member", "subject", "keeper")}
    owner, subject = cast["owner"], cast["subject"]
    group = owner.group(*list(cast.values())[1:])
    path = f"conversations/{group}/"
    owner.call("PATCH", f"{path}members/{cast['keeper'].id}/", json={"role": "owner"})
    owner.call("PATCH", f"{path}members/{cast['admin'].id}/", json={"role": "admin"})

    for (action, whom), codes in TABLE.items():
        for role, code in reversed(list(zip(("owner", "admin", "member"), codes, strict=True))):
            stand(owner, subject, path, "" if action == "add" else whom or "member")
            if action == "silence":  # a second time it would change nothing
                owner.call("PATCH", f"{path}members/{subject.id}/", json={"silenced_until": None})
            before = owner.row(group)["membership"], members(owner, path)
            assert act(cast[role], action, whom, subject, path) == code, (role, action, whom)
            if code != OK:
                assert (owner.row(group)["membership"], members(owner, path)) == before


def stand(owner: Person, subject: Person, path: str, role: str) -> None:
    """Put somebody into a role, or out."""
    owner.call("DELETE", f"{path}members/{subject.id}/")
    if role:
        assert owner.code("POST", f"{path}members/", {"user_id": subject.id, "role": role}) == OK


def members(owner: Person, path: str) -> dict[str, tuple[str, str | None]]:
    return {m["user"]["id"]: (m["role"], m["silenced_until"]) for m in owner.get(f"{path}members/")["results"]}


def act(actor: Person, action: str, whom: str, subject: Person, path: str) -> str:
    match action:
        case "remove":
            return actor.code("DELETE", f"{path}members/{subject.id}/")
        case "silence":
            return actor.code("PATCH", f"{path}members/{subject.id}/", {"silenced_until": LATER})
        case "add":
            return actor.code("POST", f"{path}members/", {"user_id": subject.id, "role": whom})
        case "promote":
            return actor.code("PATCH", f"{path}members/{subject.id}/", {"role": "admin"})
    return actor.code("PATCH", f"{path}members/{subject.id}/", {"role": "member"})


def test_members_add_users_if_the_conversation_allows_it(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    path = f"conversations/{group}/"
    assert bob.code("POST", f"{path}members/", {"user_id": carol.id}) == DENIED
    assert "add_members" not in bob.row(group)["capabilities"]

    alice.call("PATCH", path, json={"members_can_invite": True})

    assert "add_members" in bob.row(group)["capabilities"]
    assert bob.code("POST", f"{path}members/", {"user_id": carol.id, "role": "admin"}) == DENIED
    assert bob.code("POST", f"{path}members/", {"user_id": carol.id}) == OK


SMUGGLED = {
    "id": "01a1fc8b-d32f-7745-9d14-ed4ffae45015",
    "kind": "channel",
    "chat_type": "channel",
    "owner": "me",
    "role": "owner",
    "seq": 999,
    "message_count": 999,
    "member_count": 999,
    "is_lobby": True,
    "pair_key": "x",
    "history": "joined",
    "deleted_at": "2020-01-01T00:00:00Z",
    "created_at": "2020-01-01T00:00:00Z",
    "visible_from_seq": 0,
    "last_read_seq": 999,
    "membership": {"role": "owner"},
    "capabilities": ["delete_conversation"],
}


def test_fields_that_a_user_cannot_set_are_refused(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    path = f"conversations/{group}/"
    before, mine = alice.row(group), bob.row(group)["membership"]

    assert alice.code("PATCH", path, {**SMUGGLED, "name": "Renamed"}) == "invalid"
    assert bob.code("PATCH", f"{path}members/me/", {**SMUGGLED, "role": "owner"}) == "invalid"
    assert bob.code("PATCH", f"{path}members/me/", {"role": "owner"}) == DENIED
    assert alice.code("PUT", path, {**SMUGGLED, "name": "Renamed"}) == "invalid"
    assert bob.code("PUT", path, {"name": "Renamed"}) == DENIED
    assert bob.code("PUT", f"{path}members/me/", SMUGGLED) == "invalid"
    assert bob.code("PUT", f"{path}members/me/", {"role": "owner"}) == DENIED

    after = alice.row(group)
    assert after == before
    assert bob.row(group)["membership"] == mine
