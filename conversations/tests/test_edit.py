"""Editing and deleting a conversation is published to its members."""

import asyncio


async def test_a_change_is_published(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with bob.socket() as his:
        changes = {"name": "Close friends", "description": "Us two"}
        answer = await asyncio.to_thread(alice.call, "PATCH", f"conversations/{group}/", json=changes)
        received = await his.expect("conversation.updated")

    assert answer.status_code == 200
    assert {name: received["data"]["conversation"][name] for name in changes} == changes
    assert received["seq"] == received["data"]["conversation"]["seq"] == bob.row(group)["seq"]
    assert bob.row(group)["name"] == "Close friends"
    assert received["data"]["actor_id"] == alice.id


async def test_a_deleted_conversation_is_gone_for_everyone(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group, other = alice.group(bob), alice.group(bob)
    message = alice.write(group)

    async with bob.socket() as his, alice.socket() as mine:
        await his.ask("ping")
        assert (await asyncio.to_thread(alice.call, "DELETE", f"conversations/{group}/")).status_code == 204
        ended = await his.expect("conversation.deleted")
        await his.leaves(group)
        await mine.leaves(group)
        refused = await his.ask("message.send", conversation_id=group, content="Hello?")
        await his.say(other, "Here we are")

    assert ended["conversation_id"] == group
    assert refused["error"]["code"] == "not_found"
    for one in (alice, bob):
        assert [row["id"] for row in one.get("conversations/")["results"]] == [other]
        for path in ("", "messages/", "log/", "members/"):
            assert one.code("GET", f"conversations/{group}/{path}") == "not_found"
        assert one.code("GET", f"messages/{message['id']}/") == "not_found"
        assert one.get("messages/unread/")["messages"] == (1 if one is alice else 0)
    assert alice.code("DELETE", f"conversations/{group}/") == "not_found"


def test_an_invalid_name_is_refused(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    for changes in ({"name": ""}, {"name": "   "}, {"name": "x" * 101}, {"name": None}, {"description": "x" * 1001}):
        assert alice.code("PATCH", f"conversations/{group}/", changes) == "invalid", changes

    assert alice.code("PATCH", f"conversations/{group}/", {}) == "ok"
    assert alice.code("PATCH", f"conversations/{group}/", {"name": " Friends "}) == "ok"
    assert alice.row(group)["name"] == "Friends"
    assert alice.row(group)["seq"] == 2
    assert alice.code("PATCH", f"conversations/{group}/", {"description": ""}) == "ok"
