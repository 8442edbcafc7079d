"""Connecting: from which page, for which conversation, in which version, and how often."""

import asyncio
import uuid

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from messaging.tests.client import bearer
from messaging.tests.daphne import Daphne

pytestmark = pytest.mark.plain
NO_ADDRESSES = ["http://[", "", "file://"]
ORIGINS = [
    "https://evil.example",
    "null",
    "https://127.0.0.1.evil.com",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    *NO_ADDRESSES,
]


async def test_foreign_origins_are_refused_before_the_socket_opens(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")
    url, own = f"{alice.server.ws_url}/ws/", alice.server.url
    is_daphne = isinstance(alice.server, Daphne)

    for origin in ORIGINS:
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, additional_headers={"Origin": origin, **bearer(alice.token)})
        # autobahn, below daphne, refuses by itself some of what is no address
        allowed = (400, 403) if is_daphne and origin in NO_ADDRESSES else (403,)
        assert refused.value.response.status_code in allowed, origin
    for headers in ({}, {"Origin": own}):
        async with alice.socket(signs_in=False, additional_headers={**bearer(alice.token), **headers}) as socket:
            await socket.expect("hello")


async def test_an_unknown_address_is_refused_and_is_no_fault(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")
    group = alice.group()

    for path in ("/ws/nothing/", "/ws/conversations/", "/ws/conversations/x/", f"/ws/conversations/{group}/more/"):
        async with alice.socket(path=path, signs_in=False) as socket:
            assert await socket.closed() == 4403, path
    for path in ("/", "/nothing/", "/wss/", "/api/v1/users/me/"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{alice.server.ws_url}{path}", additional_headers=bearer(alice.token))
        assert refused.value.response.status_code == 403, path
    for path in ("/ws", f"/ws/conversations/{group}", f"/ws/conversations/{group.upper()}/"):
        async with alice.socket(path=path) as socket:
            assert [row["id"] for row in socket.of("hello")[0]["data"]["conversations"]] == [group], path
    assert "Traceback" not in alice.server.log
    assert "_fault" not in alice.server.log


async def test_the_subprotocol_is_a_version(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")

    async with (
        alice.socket(subprotocols=["chat.v1"]) as named,
        alice.socket(subprotocols=["chat.v9", "chat.v1"]) as two,
    ):
        assert named.connection.subprotocol == two.connection.subprotocol == "chat.v1"
    async with alice.socket() as unnamed:
        assert unnamed.connection.subprotocol is None


async def test_a_socket_for_one_conversation_gets_only_its_events(signed_up_on_each) -> None:
    alice, bob, carol = signed_up_on_each("alice"), signed_up_on_each("bob"), signed_up_on_each("carol")
    group, other = alice.group(bob), alice.group(bob)

    for path in (f"/ws/conversations/{group}/", f"/ws/conversations/{uuid.uuid4()}/"):
        async with carol.socket(path=path, waits_for_hello=False) as hers:
            assert await hers.closed() == 4403
            assert hers.received == []
    async with bob.socket(path=f"/ws/conversations/{group}/") as his:
        assert [c["id"] for c in his.of("hello")[0]["data"]["conversations"]] == [group]
        third = await asyncio.to_thread(alice.group, bob)
        for there in (other, third):
            await asyncio.to_thread(alice.write, there, "Elsewhere")
        await asyncio.to_thread(alice.write, group, "Here")
        await his.expect("message.created")
        await his.quiet()
    assert [m["data"]["message"]["content"] for m in his.of("message.created")] == ["Here"]


@pytest.mark.parametrize("ends", ["removed", "left", "banned", "deleted", "left the channel"])
async def test_it_closes_when_that_membership_ends(signed_up_on_each, ends: str) -> None:
    alice, bob = signed_up_on_each("alice"), signed_up_on_each("bob")
    if ends == "left the channel":
        group = alice.post("conversations/", {"kind": "channel", "name": f"News of {alice.name}"})["id"]
        bob.post(f"conversations/{group}/join/")
    else:
        group = alice.group(bob)
    members = f"conversations/{group}/members"
    actions = {
        "removed": (alice, "DELETE", f"{members}/{bob.id}/", None),
        "left": (bob, "DELETE", f"{members}/me/", None),
        "banned": (alice, "POST", f"conversations/{group}/bans/", {"user_id": bob.id}),
        "deleted": (alice, "DELETE", f"conversations/{group}/", None),
        "left the channel": (bob, "DELETE", f"{members}/me/", None),
    }

    async with bob.socket(path=f"/ws/conversations/{group}/") as one, bob.socket() as whole:
        actor, method, path, body = actions[ends]
        answer = await asyncio.to_thread(actor.call, method, path, json=body)
        assert answer.is_success, answer.text
        assert await one.closed() == 4403
        await whole.leaves(group)
        await whole.ask("ping")


async def test_the_twenty_first_socket_closes_the_oldest(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")
    sockets = [alice.socket() for _ in range(22)]

    for socket in sockets:
        await socket.__aenter__()
    assert [await socket.closed() for socket in sockets[:2]] == [4409, 4409]
    for socket in sockets[2:]:
        await socket.ask("ping")

    for socket in sockets:
        await socket.__aexit__()
