"""Invite links: carol can join by one until it expires, is used up or is deleted."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

from chatproject.tests.server import until
from messaging.tests.client import Person


def invite(one: Person, conversation: str, **body: object) -> dict:
    return one.post(f"conversations/{conversation}/invites/", body)


def accept(one: Person, token: str) -> str:
    return one.code("POST", f"invites/{token}/accept/")


def soon(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


async def test_joining_by_a_link_is_published(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    made = invite(alice, group)
    alice.write(group, "Before")

    async with bob.socket() as his, carol.socket() as hers:
        row = await asyncio.to_thread(carol.post, f"invites/{made['token']}/accept/")
        added = await his.expect("member.added")
        await hers.enters(group)
        await asyncio.to_thread(bob.write, group, "Welcome")
        await hers.expect("message.created")

    assert made | {"created_at": ""} == {
        "token": made["token"],
        "expires_at": None,
        "max_uses": None,
        "uses": 0,
        "user": None,
        "created_by": alice.get("conversations/" + group + "/members/")["results"][0]["user"],
        "created_at": "",
    }
    assert added["data"]["member"]["user"]["id"] == carol.id
    assert added["data"]["member"]["role"] == row["membership"]["role"] == "member"
    assert (row["id"], row["unread_count"], row["member_count"]) == (group, 0, 3)
    assert [i["uses"] for i in alice.get(f"conversations/{group}/invites/")["results"]] == [1]


def test_accepting_again_does_not_use_up_the_link(signed_up) -> None:
    alice, carol, olga = signed_up("alice"), signed_up("carol"), signed_up("olga")
    group = alice.group()
    token = invite(alice, group, max_uses=1)["token"]

    assert [accept(alice, token), accept(carol, token), accept(carol, token)] == ["ok"] * 3
    assert alice.row(group)["member_count"] == 2
    assert accept(olga, token) == "not_found"
    carol.call("DELETE", f"conversations/{group}/members/me/")
    assert accept(carol, token) == "not_found"


def test_an_expired_used_up_or_deleted_link_is_not_found(signed_up) -> None:
    alice, carol = signed_up("alice"), signed_up("carol")
    group = alice.group()
    short, deleted = invite(alice, group, expires_at=soon(seconds=3)), invite(alice, group)
    path = f"conversations/{group}/invites/"
    assert [i["token"] for i in alice.get(path)["results"]] == [deleted["token"], short["token"]]

    assert alice.code("DELETE", f"{path}{deleted['token']}/") == "ok"
    assert alice.code("DELETE", f"{path}{deleted['token']}/") == "not_found"
    assert accept(carol, deleted["token"]) == "not_found"
    until(lambda: alice.get(path)["results"] == [])
    assert accept(carol, short["token"]) == "not_found"

    lives = invite(alice, group, expires_at=soon(hours=1))
    assert accept(carol, lives["token"]) == "ok"
    last = invite(alice, group)
    assert alice.code("DELETE", f"conversations/{group}/") == "ok"
    assert accept(signed_up("olga"), last["token"]) == accept(carol, last["token"]) == "not_found"


def test_only_admins_invite_and_for_others_the_conversation_does_not_exist(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group, other = alice.group(bob), carol.group()
    token = invite(alice, group)["token"]
    path = f"conversations/{group}/invites/"

    for one, code in ((bob, "permission_denied"), (carol, "not_found")):
        assert one.code("GET", path) == one.code("POST", path, {}) == one.code("DELETE", f"{path}{token}/") == code
    assert carol.code("DELETE", f"conversations/{other}/invites/{token}/") == "not_found"

    alice.call("PATCH", f"conversations/{group}/members/{bob.id}/", json={"role": "admin"})
    assert bob.code("DELETE", f"{path}{token}/") == "ok"


def test_nobody_can_be_invited_to_a_direct_conversation(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]

    assert alice.code("POST", f"conversations/{direct}/invites/", {}) == "permission_denied"


def test_a_forged_token_is_not_found(signed_up) -> None:
    alice, carol = signed_up("alice"), signed_up("carol")
    group = alice.group()
    token = invite(alice, group)["token"]
    raw = bytearray(base64.urlsafe_b64decode(token + "=="))
    raw[-1] ^= 1
    forged = base64.urlsafe_b64encode(raw).decode().rstrip("=")

    for wrong in (forged, token[:-2], token + "AAAA", "x", "~" * 43, "é", group, "%00", "a" * 500):
        assert accept(carol, wrong) == "not_found", wrong
    assert accept(carol, token) == "ok"


def test_invalid_invites_are_refused(signed_up) -> None:
    alice = signed_up("alice")
    group = alice.group()

    for body in ({"expires_at": soon(seconds=-1)}, {"expires_at": "2099-01-01T00:00:00"}, {"expires_at": "soon"}):
        assert alice.code("POST", f"conversations/{group}/invites/", body) == "invalid", body
    for uses in (0, -1, 100_001, "1", True):
        assert alice.code("POST", f"conversations/{group}/invites/", {"max_uses": uses}) == "invalid", uses


def test_a_conversation_has_at_most_a_hundred_links(signed_up) -> None:
    alice = signed_up("alice")
    group = alice.group()
    tokens = [invite(alice, group)["token"] for _ in range(100)]

    assert alice.code("POST", f"conversations/{group}/invites/", {}) == "conflict"
    assert alice.code("DELETE", f"conversations/{group}/invites/{tokens[0]}/") == "ok"
    assert alice.code("POST", f"conversations/{group}/invites/", {}) == "ok"


def test_with_history_from_joining_a_new_member_sees_no_older_messages(signed_up) -> None:
    alice, carol = signed_up("alice"), signed_up("carol")
    group = alice.group(history="joined")
    old = alice.write(group, "Before")
    token = invite(alice, group)["token"]

    assert accept(carol, token) == "ok"
    assert carol.history(group) == []
    assert carol.code("GET", f"messages/{old['id']}/") == "not_found"
    assert {e["type"] for e in carol.get(f"conversations/{group}/log/")["entries"]} == {"log.skipped"}
