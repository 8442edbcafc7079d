"""Receipts: who has read a message, and to whom it was delivered, as far as they show it."""

import asyncio

import pytest

from messaging.tests.client import Person

CROWD = """
from accounts.models import User
from common.clock import now
names = [f"crowd{n}" for n in range(98)]
people = [User(username=n, username_key=n, username_skeleton=n, email_verified_at=now()) for n in names]
print(*(person.id for person in User.objects.bulk_create(people)))
"""
"""Signing them all up takes half a minute."""


def receipts(one: Person, message: dict) -> tuple[set[str], set[str]]:
    """The ids of those who have read a message, and of those who only have it."""
    found = one.get(f"messages/{message['id']}/receipts/")
    assert all(receipt["at"] for kind in ("read", "delivered") for receipt in found[kind])
    read, delivered = ({receipt["user"]["id"] for receipt in found[kind]} for kind in ("read", "delivered"))
    return read, delivered


def mark(one: Person, message: dict, kind: str = "read") -> None:
    one.post(f"conversations/{message['conversation_id']}/{kind}/", {"seq": message["seq"]})


def test_receipts_list_who_has_read_and_who_has_received_a_message(signed_up) -> None:
    alice, bob, carol, olga = (signed_up(name) for name in ("alice", "bob", "carol", "olga"))
    group = alice.group(bob, carol, olga)
    first, second = alice.write(group), alice.write(group)
    assert receipts(alice, first) == (set(), set())

    mark(bob, first, "delivered")
    mark(carol, first)
    assert receipts(alice, first) == receipts(olga, first) == ({carol.id}, {bob.id})
    assert receipts(alice, second) == (set(), set())

    mark(bob, second)
    mark(bob, second)
    assert receipts(alice, first) == ({bob.id, carol.id}, set())
    assert receipts(alice, second) == ({bob.id}, set())
    answer = olga.write(group)
    assert receipts(alice, second) == ({bob.id, olga.id}, set()), "whoever answers has read"
    assert receipts(alice, answer) == (set(), set())


def test_members_without_read_receipts_are_listed_as_delivered(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    sent = alice.write(alice.group(bob))
    mark(bob, sent)
    assert receipts(alice, sent) == ({bob.id}, set())

    bob.call("PATCH", "users/me/", json={"settings": {"read_receipts": False}})

    assert receipts(alice, sent) == (set(), {bob.id})
    assert alice.get(f"messages/{sent['id']}/")["status"] == "delivered"


def test_outsiders_find_nothing_and_a_deleted_message_has_no_receipts(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    sent = alice.write(group)
    path = f"messages/{sent['id']}/receipts/"
    assert bob.code("GET", path) == "ok"

    assert carol.code("GET", path) == "not_found"
    bob.call("DELETE", f"conversations/{group}/members/me/")
    assert bob.code("GET", path) == "not_found"
    assert alice.code("DELETE", f"messages/{sent['id']}/") == "ok"
    assert alice.code("GET", path) == "not_found"


def test_members_who_joined_later_are_not_listed(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    for history in ("all", "joined"):
        group = alice.group(bob, history=history)
        old = alice.write(group)
        mark(bob, old)
        alice.post(f"conversations/{group}/members/", {"user_id": carol.id})
        new = alice.write(group)
        mark(carol, new)

        assert receipts(alice, old) == ({bob.id}, set())
        assert receipts(alice, new) == ({carol.id}, set())
        assert carol.code("GET", f"messages/{old['id']}/receipts/") == ("ok" if history == "all" else "not_found")


def test_users_with_a_block_between_them_do_not_see_receipts(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]
    sent = alice.write(direct)
    mark(bob, sent)
    assert alice.get(f"messages/{sent['id']}/")["status"] == "read"

    bob.call("PUT", f"users/{alice.id}/block/")
    assert receipts(alice, sent) == (set(), set())
    assert alice.get(f"messages/{sent['id']}/")["status"] == alice.history(direct)[0]["status"] == "sent"

    bob.call("DELETE", f"users/{alice.id}/block/")
    assert receipts(alice, sent) == ({bob.id}, set())
    alice.call("PUT", f"users/{bob.id}/block/")
    assert receipts(alice, sent) == (set(), set())
    assert alice.get(f"messages/{sent['id']}/")["status"] == "sent"


def test_large_groups_have_no_receipts(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group)
    mark(bob, sent)
    crowd = alice.server.run("shell", "--command", CROWD)
    alice.post(f"conversations/{group}/members/", {"user_ids": crowd.stdout.split()[-98:]})
    assert receipts(alice, sent) == ({bob.id}, set())
    alice.post(f"conversations/{group}/members/", {"user_id": signed_up("one-more").id})

    assert receipts(alice, sent) == (set(), set())


def seen_by(one: Person, conversation: str, message: dict) -> dict:
    """All that one may ask about a conversation and the people in it."""
    place = f"conversations/{conversation}/"
    people = [member["user"]["id"] for member in one.get(f"{place}members/")["results"]]
    paths = (
        *(place, "conversations/", f"{place}members/", f"{place}messages/", f"{place}log/", f"{place}pins/"),
        *(f"messages/{message['id']}/{part}" for part in ("", "receipts/", "replies/", "history/")),
        *(f"users/{other}/" for other in people if other != one.id),
        *("users/online/", "notifications/"),
    )
    return {path: one.get(path) for path in paths}


@pytest.mark.parametrize("kind", ["direct", "group"])
async def test_reading_without_receipts_changes_nothing_that_others_can_see(signed_up, kind) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    body = {"kind": "direct", "user_id": bob.id} if kind == "direct" else {"kind": "group", "name": "Tea"}
    place = alice.post("conversations/", body | ({"member_ids": [bob.id]} if kind == "group" else {}))["id"]
    sent = alice.write(place)
    bob.call("PATCH", "users/me/", json={"settings": {"read_receipts": False}})
    before = seen_by(alice, place, sent)

    async with alice.socket() as hers:
        await asyncio.to_thread(mark, bob, sent)
        await hers.quiet()

    assert seen_by(alice, place, sent) == before
    assert [frame["type"] for frame in hers.received if frame["type"] not in ("hello", "pong")] == []
    assert bob.row(place)["membership"]["last_read_seq"] == sent["seq"], "he has read it"

    bob.call("PATCH", "users/me/", json={"settings": {"read_receipts": True}})
    assert seen_by(alice, place, sent) != before, "it would have shown"


def test_users_without_read_receipts_still_see_those_of_others(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    alice.call("PATCH", "users/me/", json={"settings": {"read_receipts": False}})
    sent = alice.write(alice.group(bob))

    mark(bob, sent)

    assert receipts(alice, sent) == ({bob.id}, set())
