"""Own settings of a conversation are published to the user's own devices only."""

import asyncio

import pytest

SETTINGS = {
    "muted_until": "2099-01-01T00:00:00.000000Z",
    "notify": "mentions",
    "is_pinned": True,
    "is_archived": True,
    "is_marked_unread": True,
}


@pytest.mark.parametrize("name", SETTINGS)
async def test_own_devices_get_one_event(signed_up, name: str) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    head = alice.row(group)["seq"]
    path = f"conversations/{group}/members/me/"

    async with alice.socket() as phone, bob.socket() as his:
        for _ in range(2):
            answer = await asyncio.to_thread(alice.call, "PATCH", path, json={name: SETTINGS[name]})
            assert answer.status_code == 200, answer.text
        told = await phone.expect("conversation.added")
        await phone.quiet()
        await his.quiet()

    assert told["data"]["membership"] == alice.row(group)["membership"]
    assert told["data"]["membership"][name] == SETTINGS[name]
    assert len(phone.of("conversation.added")) == 1
    assert len(phone.of("hello")) == 1
    assert his.of("conversation.added") == []
    assert alice.row(group)["seq"] == head


async def test_the_conversation_is_still_received_afterwards(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with alice.socket() as phone:
        await asyncio.to_thread(alice.call, "PATCH", f"conversations/{group}/members/me/", json={"is_pinned": True})
        await phone.expect("conversation.added")
        message = await asyncio.to_thread(bob.write, group, "Hello")
        await phone.expect("message.created")

    assert phone.seqs(group) == [message["seq"]]
