"""Blocking, from both sides: alice blocks bob; carol is in the group with them."""

import asyncio

import pytest


def block(one, other, method: str = "PUT") -> None:
    assert one.call(method, f"users/{other.id}/block/").status_code == 204


def direct(one, other) -> str:
    return one.post("conversations/", {"kind": "direct", "user_id": other.id})["id"]


def test_bob_cannot_start_a_conversation_with_alice(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    block(alice, bob)
    group = bob.group()

    assert bob.code("POST", "conversations/", {"kind": "direct", "user_id": alice.id}) == "blocked"
    assert bob.code("POST", "conversations/", {"kind": "group", "name": "x", "member_ids": [alice.id]}) == "blocked"
    assert bob.code("POST", f"conversations/{group}/members/", {"user_id": alice.id}) == "blocked"
    assert alice.get("conversations/")["results"] == []


async def test_bob_cannot_write_or_edit_in_their_direct_conversation(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    id_ = direct(alice, bob)
    before = bob.write(id_, "Before")
    block(alice, bob)

    async with bob.socket() as his:
        sent = await his.ask("message.send", conversation_id=id_, content="Now")
        by_name = await his.ask("message.send", recipient_id=alice.id, content="Now")
        edited = await his.ask("message.edit", message_id=before["id"], content="Now")
        deleted = await his.ask("message.delete", message_id=before["id"])

    assert [reply["error"]["code"] for reply in (sent, by_name, edited)] == ["blocked"] * 3
    assert bob.code("POST", f"conversations/{id_}/messages/", {"content": "Now"}) == "blocked"
    assert deleted["ok"]
    assert bob.write(bob.group(), "Elsewhere")["seq"]
    block(alice, bob, "DELETE")
    assert bob.write(id_, "After")["content"] == "After"


async def test_a_retry_of_an_earlier_message_still_gets_its_answer(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    id_ = direct(alice, bob)
    first = bob.write(id_, "Before", client_id="one")
    block(alice, bob)

    assert bob.write(id_, "Before", client_id="one")["id"] == first["id"]


async def test_neither_sees_when_the_other_types_or_reads(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    id_ = direct(alice, bob)
    message = bob.write(id_, "Before")
    block(alice, bob)
    reply = alice.write(id_, "Hm")

    async with alice.socket() as hers, bob.socket() as his:
        await hers.ask("typing.start", conversation_id=id_)
        await his.ask("typing.start", conversation_id=id_)
        await hers.ask("read.mark", conversation_id=id_, seq=message["seq"])
        await his.ask("read.mark", conversation_id=id_, seq=reply["seq"])
        await hers.quiet()
        await his.quiet()

    assert hers.of("typing.updated") == his.of("typing.updated") == [], "not even an empty list"
    assert [f for f in his.of("read.updated") if f["data"]["user_id"] == alice.id] == []
    assert [f for f in hers.of("read.updated") if f["data"]["user_id"] == bob.id] == []


async def test_in_a_group_bob_does_not_see_her_typing(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)
    block(alice, bob)

    async with alice.socket() as hers, bob.socket() as his, carol.socket() as other:
        await hers.ask("typing.start", conversation_id=group)
        await other.until(lambda: len(other.of("typing.updated")) == 1)
        async with bob.socket() as late:
            await late.ask("typing.stop", conversation_id=group)
            assert late.of("typing.updated") == []
        await hers.ask("typing.stop", conversation_id=group)
        await other.until(lambda: len(other.of("typing.updated")) == 2)
        await asyncio.to_thread(alice.post, f"conversations/{group}/typing/", {"is_typing": True})
        await other.until(lambda: len(other.of("typing.updated")) == 3)
        await his.quiet()

    assert his.of("typing.updated") == []


async def test_bob_sees_her_presence_again_only_after_the_block(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    alice.group(bob)

    async with alice.socket(), bob.socket() as his:
        await his.ask("presence.watch", user_ids=[alice.id])
        await his.expect("presence.updated", is_online=True)

        await asyncio.to_thread(block, alice, bob)
        await his.expect("presence.updated", is_online=False, last_seen=None)
        shown = await asyncio.to_thread(bob.get, f"users/{alice.id}/")
        assert (shown["is_online"], shown["last_seen"]) == (None, None)
        assert (await asyncio.to_thread(bob.get, "users/online/"))["results"] == []

        await asyncio.to_thread(block, alice, bob, "DELETE")
        await his.until(lambda: his.of("presence.updated")[-1]["data"]["is_online"])


async def test_her_devices_get_the_ids_of_blocked_users(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with alice.socket() as phone, alice.socket() as laptop, bob.socket() as his:
        await asyncio.to_thread(block, alice, bob)
        for socket in (phone, laptop):
            await socket.until(lambda s=socket: s.of("hello")[-1]["data"]["blocked_ids"] == [bob.id])
        await his.say(group, "Folded")
        await phone.expect("message.created")
        await his.quiet()
        assert len(his.of("hello")) == 1, "bob is not told"

        await asyncio.to_thread(block, alice, bob, "DELETE")
        await phone.until(lambda: phone.of("hello")[-1]["data"]["blocked_ids"] == [])


def test_in_a_group_his_messages_are_folded_and_not_counted(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)
    bob.write(group, "One")
    carol.write(group, "Two")
    block(alice, bob)
    bob.write(group, "Three")

    shown = alice.get(f"conversations/{group}/messages/")["results"]

    assert [(m["content"], m.get("is_folded")) for m in shown] == [("One", True), ("Two", None), ("Three", True)]
    assert alice.row(group)["last_message"]["is_folded"] is True
    assert all("is_folded" not in m for m in carol.get(f"conversations/{group}/messages/")["results"])
    assert (alice.row(group)["unread_count"], carol.row(group)["unread_count"]) == (1, 1)
    assert alice.get("messages/unread/") == {"messages": 1, "conversations": 1, "mentions": 0}
    snapshot = alice.get("sync/")["conversations"][0]
    assert snapshot["unread_count"] == 1
    assert [m.get("is_folded") for m in snapshot["messages"]] == [True, None, True]


@pytest.mark.parametrize("first", ["block", "delete"])
def test_counts_stay_exact_through_blocking_deleting_and_reading(signed_up, first: str) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)
    bobs = [bob.write(group, f"bob {n}") for n in range(4)]
    carols = [carol.write(group, f"carol {n}") for n in range(3)]

    def unread() -> int:
        return alice.row(group)["unread_count"]

    assert unread() == 7
    actions = [lambda: block(alice, bob), lambda: bob.call("DELETE", f"messages/{bobs[0]['id']}/")]
    for action in actions if first == "block" else reversed(actions):
        action()
    assert unread() == 3
    carol.call("DELETE", f"messages/{carols[0]['id']}/")
    assert unread() == 2
    alice.post(f"conversations/{group}/read/", {"seq": carols[1]["seq"]})
    assert unread() == 1
    block(alice, bob, "DELETE")
    bob.write(group, "Again")
    assert unread() == 2
    block(alice, bob)
    assert unread() == 1


async def test_the_count_in_hello_is_the_same(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    bob.write(group, "One")
    block(alice, bob)

    async with alice.socket() as hers:
        hello = hers.of("hello")[0]["data"]

    assert hello["unread"] == {"messages": 0, "conversations": 0, "mentions": 0}
    assert hello["conversations"][0]["unread_count"] == 0
