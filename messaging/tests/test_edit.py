"""Editing: only one's own messages. The members get the new text, except those who may not see the message."""

import asyncio
import uuid


async def test_an_edit_is_published_and_replaces_the_message(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group, "Helo", metadata={"mood": "fine"})

    async with bob.socket() as his, alice.socket() as mine:
        reply = await mine.ask("message.edit", message_id=sent["id"], content="Hello")
        received = await his.expect("message.updated")
        await mine.expect("message.updated")
        by_http = await asyncio.to_thread(alice.call, "PATCH", f"messages/{sent['id']}/", json={"content": "Hello!"})
        again = await his.until(lambda: his.of("message.updated")[1:])

    assert reply["data"]["message"] == received["data"]["message"]
    assert received["data"]["message"]["content"] == "Hello"
    assert received["data"]["message"]["is_edited"]
    assert received["data"]["message"]["metadata"] == {"mood": "fine"}
    assert received["seq"] == received["data"]["message"]["changed_seq"] == sent["seq"] + 1
    assert by_http.json()["content"] == again[0]["data"]["message"]["content"] == "Hello!"
    assert bob.history(group)[0]["seq"] == sent["seq"]
    assert bob.history(group)[0]["content"] == "Hello!"


async def test_editing_to_the_same_text_is_harmless(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group, "Hello")

    async with bob.socket() as his:
        answer = await asyncio.to_thread(alice.call, "PATCH", f"messages/{sent['id']}/", json={"content": "Hello"})
        await his.quiet()

    assert answer.status_code == 200
    assert not answer.json()["is_edited"]
    assert his.of("message.updated") == []
    assert alice.row(group)["seq"] == sent["seq"]


async def test_only_the_sender_can_edit(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    sent = bob.write(group, "Mine")
    path = f"messages/{sent['id']}/"

    assert alice.code("PATCH", path, {"content": "Hers"}) == "permission_denied"
    assert carol.code("PATCH", path, {"content": "Whose"}) == "not_found"
    assert carol.code("PATCH", f"messages/{uuid.uuid4()}/", {"content": "Whose"}) == "not_found"
    async with carol.socket() as hers, alice.socket() as mine:
        foreign = await hers.ask("message.edit", message_id=sent["id"], content="Whose")
        other = await mine.ask("message.edit", message_id=sent["id"], content="Hers")
    assert (foreign["error"]["code"], other["error"]["code"]) == ("not_found", "permission_denied")

    assert bob.code("PATCH", path, {"content": "   "}) == "invalid"
    assert bob.get(path)["content"] == "Mine"
    assert bob.code("PATCH", path, {"content": "Still mine"}) == "ok"


async def test_members_who_joined_later_get_the_seq_without_the_message(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, history="joined")
    old = alice.write(group, "Before carol")
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id})

    async with carol.socket() as hers, bob.socket() as his:
        edited = await asyncio.to_thread(alice.call, "PATCH", f"messages/{old['id']}/", json={"content": "Secret"})
        new = await asyncio.to_thread(alice.write, group, "For all")
        await hers.expect("message.created")
        await his.expect("message.created")

    assert edited.status_code == 200
    assert [f["type"] for f in hers.received if f.get("conversation_id") == group] == ["log.skipped", "message.created"]
    assert [f["type"] for f in his.received if f.get("conversation_id") == group] == [
        "message.updated",
        "message.created",
    ]
    assert hers.seqs(group) == his.seqs(group) == [new["seq"] - 1, new["seq"]]
