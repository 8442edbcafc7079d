"""Read and delivered marks: they only increase, and are published to own devices and to the other members."""

import asyncio
import random

import pytest


async def test_read_marks_are_published_to_own_devices_and_to_others(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    seq = [alice.write(group)["seq"] for _ in range(3)][-1]

    async with bob.socket() as phone, bob.socket() as laptop, alice.socket() as hers:
        me_seq = laptop.of("hello")[0]["data"]["me_seq"]
        reply = await phone.ask("read.mark", conversation_id=group, seq=seq - 1)
        own = await laptop.expect("read.updated")
        other = await hers.expect("read.updated")
        await asyncio.to_thread(bob.post, f"conversations/{group}/read/", {"seq": seq})
        by_http = await hers.expect("read.updated", seq=seq)

    assert reply["data"] == {"seq": seq - 1}
    assert own["me_seq"] > me_seq, "what the worker tells may come between"
    assert "me_seq" not in other
    assert own["data"] == other["data"]
    assert (other["data"]["user_id"], other["data"]["seq"]) == (bob.id, seq - 1)
    assert by_http["data"]["user_id"] == bob.id
    assert bob.row(group)["unread_count"] == 0


async def test_five_devices_in_any_order_end_at_the_highest_mark(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    head = [alice.write(group)["seq"] for _ in range(20)][-1]
    marks = [*range(head + 1), *range(head + 1), 999_999, 2**62] * 2
    random.shuffle(marks)

    async with alice.socket() as hers, bob.socket() as his:
        replies = await asyncio.gather(*(his.ask("read.mark", conversation_id=group, seq=seq) for seq in marks[::2]))
        await asyncio.gather(
            *(asyncio.to_thread(bob.post, f"conversations/{group}/read/", {"seq": seq}) for seq in marks[1::2])
        )
        await hers.expect("read.updated", seq=head)
        await hers.quiet()

    assert all(reply["ok"] and reply["data"]["seq"] <= head for reply in replies)
    received = [frame["data"]["seq"] for frame in his.of("read.updated")]
    assert received == sorted(set(received))
    assert max(frame["data"]["seq"] for frame in hers.of("read.updated")) == head
    row = bob.row(group)
    assert (row["membership"]["last_read_seq"], row["unread_count"]) == (head, 0)


@pytest.mark.parametrize("seq", [-1, 2**63, 1.5, "1", None, True, [1]])
def test_an_invalid_seq_is_refused(signed_up, seq) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    assert bob.code("POST", f"conversations/{group}/read/", {"seq": seq}) == "invalid"
    assert bob.code("POST", f"conversations/{group}/delivered/", {"seq": seq}) == "invalid"

    assert bob.code("POST", f"conversations/{group}/read/", {"seq": 0}) == "ok"


async def test_without_read_receipts_nothing_is_published_to_others(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    bob.call("PATCH", "users/me/", json={"settings": {"read_receipts": False}})
    group = alice.group(bob)
    sent = alice.write(group)

    async with bob.socket() as phone, bob.socket() as laptop, alice.socket() as hers:
        await phone.ask("read.mark", conversation_id=group, seq=sent["seq"])
        await laptop.expect("read.updated")
        await phone.ask("delivered.mark", conversation_id=group, seq=sent["seq"])
        await hers.quiet()
        assert hers.of("read.updated") == []
        await asyncio.to_thread(bob.call, "PATCH", "users/me/", json={"settings": {"read_receipts": True}})
        later = await asyncio.to_thread(alice.write, group)
        await phone.ask("read.mark", conversation_id=group, seq=later["seq"])
        await hers.expect("read.updated", seq=later["seq"])

    assert bob.row(group)["unread_count"] == 0


def test_status_follows_the_marks_of_the_others(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)
    sent = alice.write(group)

    def status() -> str:
        found = {alice.history(group)[0]["status"], alice.get(f"messages/{sent['id']}/")["status"]}
        assert len(found) == 1
        return found.pop()

    assert status() == "sent"
    bob.post(f"conversations/{group}/read/", {"seq": sent["seq"]})
    assert status() == "sent"
    carol.post(f"conversations/{group}/delivered/", {"seq": sent["seq"]})
    assert status() == "delivered"
    carol.post(f"conversations/{group}/read/", {"seq": sent["seq"]})
    assert status() == "read"
    carol.call("PATCH", "users/me/", json={"settings": {"read_receipts": False}})
    assert status() == "delivered"
    assert "status" not in bob.history(group)[0]


async def test_delivered_marks_are_ephemeral_events_for_the_others(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group)

    async with bob.socket() as his, alice.socket() as hers:
        marked = await his.ask("delivered.mark", conversation_id=group, seq=10**9)
        received = await hers.expect("delivered.updated")
        again = await his.ask("delivered.mark", conversation_id=group, seq=1)
        await hers.quiet()

    assert marked["data"] == again["data"] == {"seq": sent["seq"]}
    assert (received["data"]["user_id"], received["data"]["seq"]) == (bob.id, sent["seq"])
    assert len(hers.of("delivered.updated")) == 1
    row = bob.row(group)
    assert (row["unread_count"], row["membership"]["last_delivered_seq"]) == (1, sent["seq"])


def test_reading_clears_the_unread_flag(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    path = f"conversations/{group}/members/me/"

    assert bob.call("PATCH", path, json={"is_marked_unread": True}).status_code == 200
    assert bob.row(group)["membership"]["is_marked_unread"]

    bob.post(f"conversations/{group}/read/", {"seq": bob.row(group)["seq"]})
    assert not bob.row(group)["membership"]["is_marked_unread"]


async def test_many_marks_are_coalesced_and_the_last_one_is_delivered(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    seqs = [alice.write(group)["seq"] for _ in range(40)]

    async with alice.socket() as hers, bob.socket() as his:
        for seq in seqs:
            await his.ask("read.mark", conversation_id=group, seq=seq)
        await hers.expect("read.updated", seq=seqs[-1])

    told = [frame["data"]["seq"] for frame in hers.of("read.updated")]
    assert len(told) <= 5
    assert told == sorted(told)
