"""Who may do what: action by role. And what a body smuggles in besides changes nothing."""

from messaging.tests.client import Person

DENIED, OK = "permission_denied", "ok"
TABLE = {
    # action: owner, admin, member
    ("remove", "owner"): (OK, DENIED, DENIED),
    ("remove", "admin"): (OK, DENIED, DENIED),
    ("remove", "member"): (OK, OK, DENIED),
    ("add", "member"): (OK, OK, DENIED),
    ("add", "admin"): (OK, DENIED, DENIED),
    ("add", "owner"): (OK, DENIED, DENIED),
    ("promote", "member"): (OK, DENIED, DENIED),
    ("demote", "owner"): (OK, DENIED, DENIED),
    ("demote", "admin"): (OK, DENIED, DENIED),
    ("edit", ""): (OK, OK, DENIED),
    ("write", ""): (OK, OK, OK),
    ("delete", ""): (OK, DENIED, DENIED),
}
"""The deed and whom it concerns → what comes of it by role."""


def test_every_action_for_every_role(person) -> None:
    cast = {name: person(name) for name in ("owner", "admin", "member", "subject", "keeper")}
    owner, subject = cast["owner"], cast["subject"]
    group = owner.group(*list(cast.values())[1:])
    path = f"conversations/{group}/"
    owner.call("PATCH", f"{path}members/{cast['keeper'].id}/", json={"role": "owner"})
    owner.call("PATCH", f"{path}members/{cast['admin'].id}/", json={"role": "admin"})

    for (deed, whom), codes in TABLE.items():
        for role, code in reversed(list(zip(("owner", "admin", "member"), codes, strict=True))):
            stand(owner, subject, path, "" if deed == "add" else whom or "member")
            before = owner.row(group)["membership"], members(owner, path)
            assert act(cast[role], deed, whom, subject, path) == code, (role, deed, whom)
            if deed == "delete" and code == OK:
                assert owner.code("GET", path) == "not_found"
            elif code != OK:
                assert (owner.row(group)["membership"], members(owner, path)) == before


def stand(owner: Person, subject: Person, path: str, role: str) -> None:
    """Put somebody into a role, or out."""
    owner.call("DELETE", f"{path}members/{subject.id}/")
    if role:
        assert owner.code("POST", f"{path}members/", {"user_id": subject.id, "role": role}) == OK


def members(owner: Person, path: str) -> dict[str, str]:
    return {m["user"]["id"]: m["role"] for m in owner.get(f"{path}members/")["results"]}


def act(actor: Person, deed: str, whom: str, subject: Person, path: str) -> str:
    match deed:
        case "remove":
            return actor.code("DELETE", f"{path}members/{subject.id}/")
        case "add":
            return actor.code("POST", f"{path}members/", {"user_id": subject.id, "role": whom})
        case "promote":
            return actor.code("PATCH", f"{path}members/{subject.id}/", {"role": "admin"})
        case "demote":
            return actor.code("PATCH", f"{path}members/{subject.id}/", {"role": "member"})
        case "edit":
            return actor.code("PATCH", path, {"name": "Renamed"})
        case "write":
            return actor.code("POST", f"{path}messages/", {"content": "Hello"})
    return actor.code("DELETE", path)


def test_members_add_people_where_they_may(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
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


def test_what_is_not_ones_to_set_is_ignored(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    path = f"conversations/{group}/"
    before, mine = alice.row(group), bob.row(group)["membership"]

    assert alice.code("PATCH", path, {**SMUGGLED, "name": "Renamed"}) == OK
    assert bob.code("PATCH", f"{path}members/me/", {**SMUGGLED, "role": "owner"}) == DENIED
    without_role = {name: value for name, value in SMUGGLED.items() if name != "role"}
    assert bob.code("PATCH", f"{path}members/me/", without_role) == OK
    assert bob.call("PUT", path, json=SMUGGLED).status_code == 405
    assert bob.call("PUT", f"{path}members/me/", json=SMUGGLED).status_code == 405

    after = alice.row(group)
    assert after == {**before, "name": "Renamed", "seq": before["seq"] + 1}
    assert bob.row(group)["membership"] == mine
