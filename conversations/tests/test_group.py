"""Groups: created, joined and left, and never without an owner."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor


async def test_adding_and_removing_members_is_published(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, description="Us")
    path = f"conversations/{group}/members/"

    async with alice.socket() as mine, bob.socket() as his:
        await asyncio.to_thread(alice.post, path, {"user_id": carol.id})
        added = await his.expect("member.added")
        await asyncio.to_thread(alice.call, "PATCH", f"{path}{carol.id}/", json={"role": "admin"})
        updated = await his.expect("member.updated")
        await asyncio.to_thread(carol.call, "DELETE", f"{path}me/")
        removed = await his.expect("member.removed")
        await mine.expect("member.removed")

    assert added["data"]["member"]["user"]["id"] == carol.id
    assert added["data"]["actor_id"] == alice.id
    assert updated["data"]["member"]["role"] == "admin"
    assert removed["data"]["actor_id"] == carol.id
    assert mine.seqs(group) == his.seqs(group) == [3, 4, 5]
    assert [m["user"]["id"] for m in bob.get(path)["results"]] == [alice.id, bob.id]
    assert bob.row(group)["member_count"] == 2
    assert carol.code("GET", f"conversations/{group}/") == "not_found"


def test_a_member_who_comes_back_has_no_unread_messages(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    path = f"conversations/{group}/members/"
    bob.call("DELETE", f"{path}me/")
    alice.write(group, "While bob was away")

    first = alice.post(path, {"user_ids": [bob.id], "user_id": bob.id})
    again = alice.post(path, {"user_id": bob.id})

    assert [m["user"]["id"] for m in first] == [bob.id]
    assert again == []
    assert bob.row(group)["unread_count"] == 0
    assert [m["content"] for m in bob.history(group)] == ["While bob was away"]
    assert [e["type"] for e in bob.get(f"conversations/{group}/log/?after=2")["entries"]] == [
        "member.removed",
        "message.created",
        "member.added",
    ]


def test_the_last_owner_cannot_leave_while_there_are_other_members(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    path = f"conversations/{group}/members/"

    assert alice.code("DELETE", f"{path}me/") == "last_owner"
    assert alice.code("DELETE", f"{path}{alice.id}/") == "last_owner"
    assert alice.code("PATCH", f"{path}me/", {"role": "member"}) == "last_owner"
    assert alice.row(group)["membership"]["role"] == "owner"

    assert alice.code("PATCH", f"{path}{bob.id}/", {"role": "owner"}) == "ok"
    assert alice.code("DELETE", f"{path}me/") == "ok"
    assert bob.code("DELETE", f"{path}me/") == "ok"


def test_of_two_owners_who_leave_at_once_one_has_to_stay(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(carol)
    path = f"conversations/{group}/members/"

    for _ in range(5):
        alice.post(path, {"user_id": bob.id, "role": "owner"})
        with ThreadPoolExecutor(2) as threads:
            codes = list(threads.map(lambda one: one.code("DELETE", f"{path}me/"), (alice, bob)))
        assert sorted(codes) == ["last_owner", "ok"]
        if codes[0] == "ok":
            alice, bob = bob, alice

    owners = [m for m in carol.get(path)["results"] if m["role"] == "owner"]
    assert [m["user"]["id"] for m in owners] == [alice.id]


def test_a_group_ends_when_its_last_member_leaves(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    token = alice.post(f"conversations/{group}/invites/")["token"]
    bob.call("DELETE", f"conversations/{group}/members/me/")
    assert carol.code("POST", f"invites/{token}/accept/") == "ok"
    carol.call("DELETE", f"conversations/{group}/members/me/")

    assert alice.code("DELETE", f"conversations/{group}/members/me/") == "ok"

    for one in (alice, bob, carol):
        assert one.code("POST", f"invites/{token}/accept/") == "not_found"
        assert one.code("GET", f"conversations/{group}/") == "not_found"


def test_unknown_users_are_refused_and_no_one_is_added(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)

    stranger = str(uuid.uuid4())
    assert alice.code("POST", f"conversations/{group}/members/", {"user_ids": [carol.id, stranger]}) == "invalid"
    assert alice.code("POST", f"conversations/{group}/members/", {}) == "invalid"
    assert alice.code("POST", "conversations/", {"kind": "group", "name": "x", "member_ids": [stranger]}) == "invalid"
    assert alice.code("POST", "conversations/", {"kind": "group", "name": "  "}) == "invalid"
    assert carol.code("GET", f"conversations/{group}/") == "not_found"
    assert alice.row(group)["member_count"] == 2

    assert alice.code("POST", f"conversations/{group}/members/", {"user_ids": [carol.id]}) == "ok"


def test_own_settings_are_private(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    mine = {
        "is_pinned": True,
        "is_archived": True,
        "is_marked_unread": True,
        "notify": "none",
        "nickname": "Bobby",
        "muted_until": "2099-01-01T00:00:00.000000Z",
    }

    assert bob.code("PATCH", f"conversations/{group}/members/me/", mine) == "ok"

    shown = bob.row(group)["membership"]
    assert {name: shown[name] for name in mine} == mine
    assert shown["is_muted"]
    assert not alice.row(group)["membership"]["is_pinned"]
    assert [m["nickname"] for m in alice.get(f"conversations/{group}/members/")["results"]] == ["", "Bobby"]
    assert bob.code("PATCH", f"conversations/{group}/members/{alice.id}/", {"nickname": "Al"}) == "invalid"
    assert bob.code("PATCH", f"conversations/{group}/members/me/", {"muted_until": "2099-01-01T00:00:00"}) == "invalid"
