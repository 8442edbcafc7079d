"""When a membership ends, delivery ends with exactly that seq, on open sockets in every process."""

import asyncio
import os

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, cast_on


@pytest.fixture(
    params=[1, pytest.param(2, marks=pytest.mark.skipif("REDIS_URL" not in os.environ, reason="needs Redis"))]
)
def cast(request):
    """Makes people on a server with one process, and on one with two."""
    if request.param == 1:
        yield cast_on(request.getfixturevalue("server"))
    else:
        with Server(workers=2, env=GENEROUS) as server:
            yield cast_on(server)


async def test_a_removed_member_receives_nothing_more(cast) -> None:
    alice, bob, carol = cast("alice"), cast("bob"), cast("carol")
    group = alice.group(bob, carol)
    path = f"conversations/{group}/members/"

    async with alice.socket() as hers, bob.socket() as phone, bob.socket() as laptop:
        await hers.say(group, "All of us")
        for socket in (phone, laptop):
            await socket.expect("message.created")
            await socket.ask("presence.watch", user_ids=[carol.id])
            await socket.expect("presence.updated", is_online=False)
        await asyncio.to_thread(alice.call, "DELETE", f"{path}{bob.id}/")
        said = [await hers.say(group, f"Without bob {n}") for n in range(5)]
        await hers.ask("typing.start", conversation_id=group)
        for socket in (phone, laptop):
            await socket.leaves(group)
        async with carol.socket() as other:
            await other.ask("typing.start", conversation_id=group)
            await other.ask("read.mark", conversation_id=group, seq=said[-1]["seq"])
            await hers.expect("typing.updated")
            await hers.expect("read.updated", user_id=carol.id)
        refused = [await phone.ask(c, conversation_id=group) for c in ("typing.start", "typing.stop")]
        sent = await laptop.ask("message.send", conversation_id=group, content="Let me in")
        await asyncio.gather(phone.quiet(), laptop.quiet())

    for socket in (phone, laptop):
        assert max(socket.seqs(group)) == said[0]["seq"] - 2
        kinds = [frame["type"] for frame in socket.received if frame.get("conversation_id") == group]
        assert set(kinds) <= {"message.created", "conversation.removed"}
        assert len(socket.of("presence.updated")) == 1
    assert {reply["error"]["code"] for reply in [*refused, sent]} == {"not_found"}
    assert hers.seqs(group) == list(range(4, said[-1]["seq"] + 1))


async def test_a_new_member_receives_everything_from_then_on(cast) -> None:
    alice, bob, carol = cast("alice"), cast("bob"), cast("carol")
    group = alice.group(carol)
    alice.write(group, "Before")

    async with bob.socket() as phone, bob.socket() as laptop:
        await asyncio.to_thread(alice.post, f"conversations/{group}/members/", {"user_id": bob.id})
        said = [await asyncio.to_thread(alice.write, group, f"Welcome {n}") for n in range(3)]
        for socket in (phone, laptop):
            await socket.enters(group)
            await socket.until(lambda socket=socket: said[-1]["seq"] in socket.seqs(group))
            received = socket.seqs(group)
            assert received == [message["seq"] for message in said][-len(received) :]
            assert len(received) == len(said) or socket.of("hello")[1:], (
                "only a fresh hello may stand for the first ones"
            )


async def test_removing_and_adding_a_member_again_and_again(cast) -> None:
    alice, bob = cast("alice"), cast("bob")
    group = alice.group(bob)
    path = f"conversations/{group}/members/"

    async with bob.socket() as his:
        hidden = []
        for _ in range(4):
            await asyncio.to_thread(alice.call, "DELETE", f"{path}{bob.id}/")
            hidden.append((await asyncio.to_thread(alice.write, group, "Without"))["seq"])
            await asyncio.to_thread(alice.post, path, {"user_id": bob.id})
            shown = (await asyncio.to_thread(alice.write, group, "With"))["seq"]
            await his.until(lambda shown=shown: shown in his.seqs(group))

    assert not set(hidden) & set(his.seqs(group))
    assert his.seqs(group) == sorted(his.seqs(group))
