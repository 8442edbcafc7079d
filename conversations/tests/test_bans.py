"""Bans: alice removes bob, and he cannot join again until she lifts the ban."""

import asyncio
import uuid

from messaging.tests.client import Person


def ban(one: Person, other: Person, conversation: str, reason: str = "") -> str:
    return one.code("POST", f"conversations/{conversation}/bans/", {"user_id": other.id, "reason": reason})


def unban(one: Person, other: Person, conversation: str) -> str:
    return one.code("DELETE", f"conversations/{conversation}/bans/{other.id}/")


def banned(one: Person, conversation: str) -> list[tuple[str, str]]:
    return [(b["user"]["id"], b["reason"]) for b in one.get(f"conversations/{conversation}/bans/")["results"]]


async def test_a_ban_removes_the_member_and_is_published(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)

    async with bob.socket() as his, carol.socket() as hers:
        assert await asyncio.to_thread(ban, alice, bob, group, "Spam") == "ok"
        removed = await hers.expect("member.removed")
        await his.leaves(group)
        said = await asyncio.to_thread(alice.write, group, "Among us")
        await hers.expect("message.created")
        refused = await his.ask("message.send", conversation_id=group, content="Hello?")
        await his.quiet()

    assert removed["data"]["member"]["user"]["id"] == bob.id
    assert removed["data"]["actor_id"] == alice.id
    assert refused["error"]["code"] == "not_found"
    assert said["seq"] not in his.seqs(group)
    assert bob.code("GET", f"conversations/{group}/") == "not_found"
    assert alice.row(group)["member_count"] == 2
    shown = alice.get(f"conversations/{group}/bans/")["results"]
    assert [(b["user"]["id"], b["banned_by"]["id"], b["reason"]) for b in shown] == [(bob.id, alice.id, "Spam")]


def test_a_banned_user_cannot_join_by_any_endpoint_until_the_ban_is_lifted(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    channel = alice.post("conversations/", {"kind": "channel", "name": f"News {alice.name}"})["id"]
    token = alice.post(f"conversations/{channel}/invites/")["token"]
    assert bob.code("POST", f"conversations/{channel}/join/") == "ok"
    assert ban(alice, bob, channel) == "ok"

    codes = [
        bob.code("POST", f"conversations/{channel}/join/"),
        bob.code("POST", f"invites/{token}/accept/"),
        alice.code("POST", f"conversations/{channel}/members/", {"user_id": bob.id}),
    ]
    assert codes == ["banned"] * 3
    assert alice.get(f"conversations/{channel}/invites/")["results"][0]["uses"] == 0

    assert unban(alice, bob, channel) == "ok"
    assert bob.code("POST", f"conversations/{channel}/join/") == "ok"
    assert banned(alice, channel) == []


def test_a_user_who_is_not_a_member_can_be_banned(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    before = alice.row(group)

    assert ban(alice, carol, group) == "ok"

    assert alice.code("POST", f"conversations/{group}/members/", {"user_ids": [carol.id]}) == "banned"
    assert alice.row(group) == before
    assert ban(alice, alice, group) == "invalid"
    body = {"user_id": str(uuid.uuid4())}
    assert alice.code("POST", f"conversations/{group}/bans/", body) == "not_found"


def test_repeating_a_ban_only_changes_the_reason(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    assert [ban(alice, bob, group, reason) for reason in ("One", "One", "Two")] == ["ok"] * 3
    assert banned(alice, group) == [(bob.id, "Two")]
    assert alice.row(group)["seq"] == 3
    assert [unban(alice, bob, group) for _ in range(2)] == ["ok"] * 2
    assert banned(alice, group) == []
    assert ban(alice, bob, group, "x" * 501) == "invalid"


def test_admins_ban_members_and_owners_ban_everyone(signed_up) -> None:
    alice, bob, carol, olga = (signed_up(name) for name in ("alice", "bob", "carol", "olga"))
    group = alice.group(bob, olga)
    members = f"conversations/{group}/members/"
    alice.call("PATCH", f"{members}{bob.id}/", json={"role": "admin"})

    assert ban(bob, alice, group) == ban(olga, bob, group) == ban(olga, carol, group) == "permission_denied"
    assert olga.code("GET", f"conversations/{group}/bans/") == unban(olga, carol, group) == "permission_denied"
    assert ban(carol, olga, group) == unban(carol, olga, group) == "not_found"
    assert carol.code("GET", f"conversations/{group}/bans/") == "not_found"
    assert alice.row(group)["member_count"] == 3

    assert ban(bob, olga, group) == "ok"
    assert ban(olga, bob, group) == "not_found"
    alice.call("PATCH", f"{members}{bob.id}/", json={"role": "owner"})
    assert ban(bob, alice, group) == "ok"
    assert bob.row(group)["member_count"] == 1


def test_nobody_can_be_banned_from_a_direct_conversation(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]

    assert ban(alice, bob, direct) == "permission_denied"
    assert bob.write(direct, "Still here")


def test_bans_are_paged(signed_up) -> None:
    alice = signed_up("alice")
    group = alice.group()
    others = [signed_up(f"p{n}") for n in range(5)]
    assert {ban(alice, other, group) for other in others} == {"ok"}

    first = alice.get(f"conversations/{group}/bans/?limit=3")
    rest = alice.get(first["next"].split("/api/v1/")[1])

    shown = [b["user"]["id"] for b in first["results"] + rest["results"]]
    assert shown == [other.id for other in reversed(others)]
