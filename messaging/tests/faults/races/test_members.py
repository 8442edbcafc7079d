"""What is promised of members, when real requests come at once to a real server: afterwards everything still holds."""

from collections import Counter

import pytest

from messaging.tests.client import Person
from messaging.tests.faults.races.actions import (
    ROUNDS,
    Action,
    accepting,
    adding,
    asking,
    at_once,
    check_consistent,
    leaving,
    removing,
)

pytestmark = pytest.mark.search


def test_two_owners_remove_each_other(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(carol)

    for _ in range(ROUNDS):
        assert adding(alice, bob, group, "owner")() == "ok"
        codes = at_once(removing(alice, bob, group), removing(bob, alice, group))
        assert sorted(codes) == ["not_found", "ok"]
        if codes[1] == "ok":
            alice, bob = bob, alice
        check_consistent(alice, group)


def test_two_owners_leave(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(carol)

    for _ in range(ROUNDS):
        assert adding(alice, bob, group, "owner")() == "ok"
        codes = at_once(leaving(alice, group), leaving(bob, group))
        assert sorted(codes) == ["last_owner", "ok"]
        if codes[0] == "ok":
            alice, bob = bob, alice
        check_consistent(alice, group)


def test_two_owners_step_down_while_a_third_leaves(signed_up) -> None:
    alice, bob, carol, member = (signed_up(name) for name in ("alice", "bob", "carol", "member-1"))
    group = alice.group(member)

    def steps_down(one: Person) -> Action:
        return asking(one, "PATCH", f"conversations/{group}/members/me/", {"role": "member"})

    for _ in range(ROUNDS):
        for one in (bob, carol):
            adding(alice, one, group)()
            alice.code("PATCH", f"conversations/{group}/members/{one.id}/", {"role": "owner"})
        codes = at_once(steps_down(alice), steps_down(bob), leaving(carol, group))
        assert sorted(codes) == ["last_owner", "ok", "ok"]
        check_consistent(member, group)
        if codes.index("last_owner") == 1:
            alice, bob = bob, alice
        elif codes.index("last_owner") == 2:
            alice, carol = carol, alice


def test_one_direct_conversation_however_often_it_is_begun(signed_up) -> None:
    for _ in range(max(1, ROUNDS // 5)):
        alice, bob = signed_up("alice"), signed_up("bob")
        found: list[tuple[int, str]] = []

        def opening(one: Person, other: Person, found: list[tuple[int, str]] = found) -> Action:
            def act() -> str:
                answer = one.call("POST", "conversations/", json={"kind": "direct", "user_id": other.id})
                found.append((answer.status_code, answer.json().get("id")))
                return "ok" if answer.is_success else answer.json()["code"]

            return act

        assert set(at_once(*[opening(alice, bob), opening(bob, alice)] * 25)) == {"ok"}
        assert len({id_ for _, id_ in found}) == 1
        assert Counter(status for status, _ in found) == {201: 1, 200: 49}
        for one in (alice, bob):
            assert len(one.get("conversations/")["results"]) == 1
        alice.write(found[0][1])
        check_consistent(bob, found[0][1])


def test_adding_and_removing_the_same_person(signed_up, dice) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(carol)
    alice.call("PATCH", f"conversations/{group}/members/{carol.id}/", json={"role": "admin"})

    for _ in range(ROUNDS):
        actions = [adding(alice, bob, group), adding(carol, bob, group), removing(alice, bob, group)]
        actions.append(removing(carol, bob, group))
        dice.shuffle(actions)
        assert set(at_once(*actions)) <= {"ok", "not_found"}
        members = {m["user"]["id"] for m in alice.get(f"conversations/{group}/members/")["results"]}
        assert (bob.id in members) is (bob.code("GET", f"conversations/{group}/") == "ok")
        check_consistent(alice, group)


def test_joining_against_being_banned(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    channel = alice.post("conversations/", {"kind": "channel", "name": f"News {alice.name}"})["id"]
    token = alice.post(f"conversations/{channel}/invites/")["token"]

    for _ in range(ROUNDS):
        codes = at_once(
            asking(alice, "POST", f"conversations/{channel}/bans/", {"user_id": bob.id}),
            asking(bob, "POST", f"conversations/{channel}/join/"),
            accepting(bob, token),
            adding(alice, bob, channel),
        )
        assert codes[0] == "ok"
        assert set(codes[1:]) <= {"ok", "banned", "not_found"}
        assert bob.code("GET", f"conversations/{channel}/") == "not_found", "who is banned is not in it"
        assert alice.row(channel)["member_count"] == 1
        check_consistent(alice, channel)
        assert alice.code("DELETE", f"conversations/{channel}/bans/{bob.id}/") == "ok"


def test_the_last_one_leaving_against_coming_in(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")

    for _ in range(ROUNDS):
        group = alice.group()
        token = alice.post(f"conversations/{group}/invites/")["token"]
        codes = at_once(leaving(alice, group), accepting(bob, token))
        assert codes in (["ok", "not_found"], ["last_owner", "ok"])
        assert bob.code("GET", f"conversations/{group}/") == codes[1]
        assert accepting(bob, token)() == codes[1]


def test_the_last_use_of_an_invitation(signed_up) -> None:
    alice = signed_up("alice")
    others = [signed_up(f"p{n}") for n in range(20)]

    for _ in range(ROUNDS):
        group = alice.group()
        token = alice.post(f"conversations/{group}/invites/", {"max_uses": 1})["token"]
        codes = at_once(*[accepting(one, token) for one in others])
        assert Counter(codes) == {"ok": 1, "not_found": 19}
        assert alice.row(group)["member_count"] == 2
        check_consistent(alice, group)


def test_one_person_accepts_twenty_times(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")

    for _ in range(ROUNDS):
        group = alice.group()
        token = alice.post(f"conversations/{group}/invites/", {"max_uses": 2})["token"]
        assert set(at_once(*[accepting(bob, token)] * 20)) == {"ok"}
        assert [i["uses"] for i in alice.get(f"conversations/{group}/invites/")["results"]] == [1]
        check_consistent(alice, group)
