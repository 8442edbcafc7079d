"""Catching up: everything since a seq, in order, without gaps, before anything newer."""

import asyncio
import uuid

NOWHERE = 10**9


async def test_missed_entries_come_before_newer_ones_while_three_users_keep_sending(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    for n in range(40):
        alice.write(group, f"old {n}")
    stopped = asyncio.Event()

    async def keep_sending(name: str) -> None:
        async with alice.socket() as socket:
            while not stopped.is_set():
                await socket.say(group, name)

    senders = [asyncio.create_task(keep_sending(f"sender {n}")) for n in range(3)]
    for position in (0, 1, 17, 42):
        async with bob.socket() as his:
            hello = his.of("hello")[0]["data"]
            await his.ask("sync", epoch=hello["epoch"], positions={group: position})
            done = await his.expect("sync.complete")
            told = done["data"]["conversations"][group]
            await his.until(lambda beyond=[told["head"] + 30]: his.seqs(group)[-1:] > beyond)
        assert his.seqs(group) == list(range(position + 1, his.seqs(group)[-1] + 1))
        assert not told["has_more"]
        before = [f for f in his.received[: his.received.index(done)] if "seq" in f]
        assert before[-1]["seq"] >= hello["conversations"][0]["seq"]
    stopped.set()
    await asyncio.gather(*senders)

    stored = bob.history(group)
    assert [m["seq"] for m in stored] == list(range(3, 3 + len(stored)))


async def test_without_a_sync_everything_after_hello_is_received(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with bob.socket() as his:
        said = [await asyncio.to_thread(alice.write, group) for _ in range(10)]
        await his.until(lambda: said[-1]["seq"] in his.seqs(group))

    assert his.seqs(group) == [message["seq"] for message in said]


async def test_syncing_again_later_is_harmless(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    alice.write(group)

    async with bob.socket() as his:
        epoch = his.of("hello")[0]["data"]["epoch"]
        await his.ask("sync", epoch=epoch, positions={group: 0, str(uuid.uuid4()): 5})
        await his.ask("sync", epoch=epoch, positions={group: 2})
        await his.ask("sync", epoch=epoch, positions={})
        new = await asyncio.to_thread(alice.write, group)
        await his.until(lambda: new["seq"] in his.seqs(group))

    assert his.seqs(group) == [1, 2, 3, 3, 4]
    told = [frame["data"]["conversations"] for frame in his.of("sync.complete")]
    assert told == [{group: {"head": 3, "has_more": False}}, {group: {"head": 3, "has_more": False}}, {}]


async def test_unnamed_conversations_are_listed_once_after_each_hello(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    held, began, foreign = alice.group(bob), alice.group(bob), alice.group(carol)
    joined = alice.group(history="joined")
    alice.write(joined)
    alice.post(f"conversations/{joined}/members/", {"user_id": bob.id})
    head = alice.write(began)["seq"]
    row = bob.row(joined)

    async with bob.socket() as his:
        epoch = his.of("hello")[0]["data"]["epoch"]
        await his.ask("sync", epoch=epoch, positions={held: 2})
        await his.ask("sync", epoch=epoch, positions={held: 2})
    told, again = [frame["data"]["conversations"] for frame in his.of("sync.complete")]
    by_rest = bob.post("sync/", {"epoch": epoch, "positions": {held: 2}})["conversations"]

    assert told.keys() == by_rest.keys() == {held, began, joined}
    assert told[began] == {"head": head, "has_more": True}
    assert told[held] == {"head": 2, "has_more": False}
    assert told[joined] == {"head": row["seq"], "has_more": row["membership"]["visible_from_seq"] < row["seq"]}
    assert {id_: (one["head"], one["has_more"]) for id_, one in by_rest.items()} == {
        id_: (one["head"], one["has_more"]) for id_, one in told.items()
    }
    assert not any(one["entries"] for one in by_rest.values())
    assert again.keys() == {held}
    assert foreign not in told
    assert his.seqs(began) == []
    assert len(bob.get(f"conversations/{began}/log/")["entries"]) == head


async def test_positions_of_another_epoch_cause_a_reset(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with bob.socket() as his:
        await his.ask("sync", epoch="another", positions={group: 2})

    assert his.of("sync.complete")[0]["data"]["conversations"] == {group: {"head": 2, "has_more": True}}


async def test_beyond_five_hundred_entries_clients_continue_with_the_log(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    async with alice.socket() as mine:
        for _ in range(6):
            await asyncio.gather(*(mine.say(group, "x") for _ in range(100)))

    async with bob.socket() as his:
        await his.ask("sync", epoch=his.of("hello")[0]["data"]["epoch"], positions={group: 0})
        told = (await his.expect("sync.complete"))["data"]["conversations"][group]
        new = await asyncio.to_thread(alice.write, group)
        await his.until(lambda: new["seq"] in his.seqs(group))

    assert told == {"head": 602, "has_more": True}
    assert his.seqs(group) == [*range(1, 501), 603]
    rest = bob.get(f"conversations/{group}/log/?after=500")
    assert [entry["seq"] for entry in rest["entries"]] == list(range(501, 604))
    assert (rest["head"], rest["has_more"]) == (603, False)
    first = bob.get(f"conversations/{group}/log/")
    assert (len(first["entries"]), first["head"], first["has_more"], first["reset"]) == (500, 603, True, False)
    exact = bob.get(f"conversations/{group}/log/?after=103")
    assert (len(exact["entries"]), exact["has_more"]) == (500, False)


async def test_positions_beyond_the_head_cause_a_reset(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group, other = alice.group(bob), alice.group(bob)
    alice.write(other)
    epoch = bob.get("sync/")["epoch"]

    async with bob.socket() as his:
        await his.ask("sync", epoch=epoch, positions={group: NOWHERE, other: 2})
        beyond = await his.expect("sync.reset", reason="position_unknown")
        await his.until(lambda: his.seqs(other) == [3])
        await his.ask("sync", epoch="another", positions={group: 0})
        restored = await his.expect("sync.reset", reason="epoch")
        new = await asyncio.to_thread(alice.write, group)
        await his.until(lambda: new["seq"] in his.seqs(group))

    assert beyond["data"]["conversations"] == [group]
    assert "conversations" not in restored["data"]
    assert his.seqs(group) == [new["seq"]]
    assert bob.get(f"conversations/{group}/log/?after={NOWHERE}")["reset"]
    assert bob.post("sync/", {"epoch": "another", "positions": {group: 0}}) == {
        "epoch": epoch,
        "reset": True,
        "conversations": {},
    }
    both = bob.post("sync/", {"epoch": epoch, "positions": {group: NOWHERE, other: 2}})["conversations"]
    assert (both[group]["reset"], both[other]["reset"]) == (True, False)
    assert [entry["seq"] for entry in both[other]["entries"]] == [3]


def test_a_sync_continues_from_a_snapshot(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    groups = [alice.group(bob) for _ in range(3)]
    for group in groups:
        for n in range(4):
            alice.write(group, f"message {n}")
    alice.call("DELETE", f"messages/{alice.history(groups[0])[3]['id']}/")

    first = bob.get("sync/?per_conversation=2&limit=2")
    second = bob.get(first["next"].split("/api/v1/")[1])
    rows = [*first["conversations"], *second["conversations"]]
    alice.write(groups[1], "new")
    delta = bob.post("sync/", {"epoch": first["epoch"], "positions": {row["id"]: row["seq"] for row in rows}})

    assert sorted(row["id"] for row in rows) == sorted(groups)
    assert second["next"] is None
    assert all([m["seq"] for m in row["messages"]] == [5, 6] for row in rows)
    listed = {row["id"]: row for row in bob.get("conversations/")["results"]}
    deleted = next(row for row in rows if row["id"] == groups[0])
    assert {k: v for k, v in deleted.items() if k != "messages"} == listed[groups[0]]
    assert deleted["messages"][-1]["is_deleted"]
    assert {id_: len(one["entries"]) for id_, one in delta["conversations"].items()} == {
        group: int(group == groups[1]) for group in groups
    }
    for bounds in ("per_conversation=101", "per_conversation=-1", "per_conversation=x", "limit=0", "limit=101"):
        assert bob.code("GET", f"sync/?{bounds}") == "invalid", bounds
