"""Pins: in groups admins pin messages for everyone, in a direct conversation both users do."""

import asyncio


def pin(person, message: dict, method: str = "PUT") -> str:
    return person.code(method, f"messages/{message['id']}/pin/")


def pins(person, conversation: str) -> list[str]:
    return [m["id"] for m in person.get(f"conversations/{conversation}/pins/")["results"]]


async def test_pins_are_published_and_listed_the_last_first(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    first, second = alice.write(group, "First"), bob.write(group, "Second")

    async with alice.socket() as hers, bob.socket() as his:
        assert await asyncio.to_thread(pin, alice, first) == "ok"
        assert (await hers.ask("message.pin", message_id=second["id"]))["ok"]
        pinned = await his.until(lambda: his.of("message.pinned")[1:] and his.of("message.pinned"))
        listed = await asyncio.to_thread(pins, bob, group)
        assert (await hers.ask("message.unpin", message_id=first["id"]))["ok"]
        unpinned = await his.expect("message.unpinned")

    head = second["seq"]
    assert [event["data"] for event in [*pinned, unpinned]] == [
        {"message_id": first["id"], "is_pinned": True, "changed_seq": head + 1, "actor_id": alice.id},
        {"message_id": second["id"], "is_pinned": True, "changed_seq": head + 2, "actor_id": alice.id},
        {"message_id": first["id"], "is_pinned": False, "changed_seq": head + 3, "actor_id": alice.id},
    ]
    assert his.seqs(group) == [head + 1, head + 2, head + 3]
    assert listed == [second["id"], first["id"]]
    assert pins(bob, group) == [second["id"]]
    assert [(m["is_pinned"], m["is_edited"]) for m in bob.history(group)] == [(False, False), (True, False)]


async def test_repeating_is_harmless(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group)

    async with bob.socket() as his:
        codes = [await asyncio.to_thread(pin, alice, sent, method) for method in ("PUT", "PUT", "DELETE", "DELETE")]
        await his.quiet()

    assert codes == ["ok"] * 4
    assert (len(his.of("message.pinned")), len(his.of("message.unpinned"))) == (1, 1)
    assert alice.row(group)["seq"] == sent["seq"] + 2


def test_members_cannot_pin_and_outsiders_see_nothing(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    sent = bob.write(group)

    assert pin(bob, sent) == "permission_denied"
    assert pin(carol, sent) == pin(carol, sent, "DELETE") == "not_found"
    assert pin(alice, sent) == "ok"
    assert pin(bob, sent, "DELETE") == "permission_denied"
    assert carol.code("GET", f"conversations/{group}/pins/") == "not_found"
    assert pins(bob, group) == [sent["id"]]


def test_both_users_pin_in_a_direct_conversation(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]
    sent = alice.write(direct)

    assert pin(bob, sent) == "ok"
    assert pins(alice, direct) == [sent["id"]]
    assert pin(alice, sent, "DELETE") == "ok"


def test_at_most_a_hundred_are_pinned(signed_up) -> None:
    alice = signed_up("alice")
    group = alice.group()
    sent = [alice.write(group, f"{n}") for n in range(101)]

    assert [pin(alice, message) for message in sent] == ["ok"] * 100 + ["conflict"]
    page = alice.get(f"conversations/{group}/pins/?limit=60")
    rest = alice.get(page["next"].split("/api/v1/")[1])
    assert [m["id"] for m in page["results"] + rest["results"]] == [m["id"] for m in sent[99::-1]]
    assert pin(alice, sent[0], "DELETE") == pin(alice, sent[100]) == "ok"


async def test_members_who_joined_later_get_no_older_pins(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, history="joined")
    old, other = alice.write(group), alice.write(group)
    pin(alice, other)
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id, "role": "admin"})

    async with carol.socket() as hers:
        assert await asyncio.to_thread(pin, alice, old) == "ok"
        await hers.expect("log.skipped")

    assert hers.of("message.pinned") == []
    assert pins(carol, group) == []
    assert pin(carol, old) == pin(carol, old, "DELETE") == "not_found"
    assert pins(bob, group) == [old["id"], other["id"]]
    assert carol.get(f"conversations/{group}/log/")["entries"][-1]["type"] == "log.skipped"


def test_a_deleted_message_is_no_longer_pinned(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = bob.write(group)
    pin(alice, sent)
    assert bob.code("DELETE", f"messages/{sent['id']}/") == "ok"

    assert pins(alice, group) == []
    assert pin(alice, sent) == "not_found"
    log = alice.get(f"conversations/{group}/log/")["entries"]
    assert [e["data"]["is_pinned"] for e in log if e["type"] == "message.pinned"] == [False]
    assert not bob.history(group)[0]["is_pinned"]
