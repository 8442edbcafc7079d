"""With history from joining, a new member sees no older messages, but the seqs stay the same."""

import asyncio


async def test_a_new_member_sees_no_older_messages_at_any_endpoint(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, history="joined")
    old = alice.write(group, "Secret")
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id})
    assert carol.row(group)["last_message"] is None
    new = bob.write(group, "About it", reply_to_id=old["id"])

    async with carol.socket() as hers:
        epoch = hers.of("hello")[0]["data"]["epoch"]
        await hers.ask("sync", epoch=epoch, positions={group: 0})
        await asyncio.to_thread(alice.call, "PATCH", f"messages/{old['id']}/", json={"content": "Secret!"})
        await asyncio.to_thread(alice.call, "DELETE", f"messages/{old['id']}/")
        await hers.until(lambda: len(hers.seqs(group)) == 7)

    kinds = [f["type"] for f in hers.received if "seq" in f]
    assert kinds == ["log.skipped"] * 4 + ["message.created"] + ["log.skipped"] * 2
    log = carol.get(f"conversations/{group}/log/")["entries"]
    assert [entry["type"] for entry in log] == kinds
    delta = carol.post("sync/", {"epoch": epoch, "positions": {group: 0}})["conversations"][group]["entries"]
    assert delta == log
    assert [m["id"] for m in carol.history(group)] == [new["id"]]
    assert [m["id"] for m in carol.get("sync/")["conversations"][0]["messages"]] == [new["id"]]
    assert carol.history(group)[0]["reply_to"]["content"] is None
    assert carol.code("GET", f"messages/{old['id']}/") == "not_found"
    for path in (f"?before={new['seq']}", f"?around={old['seq']}&limit=1"):
        found = carol.get(f"conversations/{group}/messages/{path}")["results"]
        assert [m["id"] for m in found] in ([], [new["id"]])
    assert [m["id"] for m in bob.history(group)] == [old["id"], new["id"]]


async def test_a_member_who_comes_back_gets_the_start_of_their_view(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob, history="joined")
    alice.write(group, "Before")
    path = f"conversations/{group}/members/"

    async with bob.socket() as his:
        await asyncio.to_thread(bob.call, "DELETE", f"{path}me/")
        await his.leaves(group)
        away = await asyncio.to_thread(alice.write, group, "While bob was away")
        await asyncio.to_thread(alice.post, path, {"user_id": bob.id})
        added = await his.expect("conversation.added")
    async with bob.socket() as his:
        (shown,) = his.of("hello")[0]["data"]["conversations"]

    assert shown["visible_from_seq"] == added["data"]["membership"]["visible_from_seq"] == away["seq"] + 1
    assert bob.row(group)["membership"]["visible_from_seq"] == shown["visible_from_seq"]
    assert bob.history(group) == []
