"""The bell may be lost, doubled, swapped or late: every open socket has every message within ten seconds, in order,
once, without reconnecting to be told."""

import asyncio
from collections.abc import Iterator

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import PATIENCE
from messaging.tests.conftest import GENEROUS, cast_on
from messaging.tests.faults.conftest import ROUNDS, needs_both
from messaging.tests.faults.load import SocketSender, until
from messaging.tests.faults.room import BusyRoom, seen_from

pytestmark = [pytest.mark.faults, needs_both]

FAULTY = {**GENEROUS, "DJANGO_SETTINGS_MODULE": "messaging.tests.faults.settings"}
SECONDS = 5.0 * ROUNDS


@pytest.fixture(scope="module")
def two() -> Iterator[list[Server]]:
    """Two processes of one installation, each with its own address."""
    with Server(env=FAULTY) as first, Server(beside=first) as second:
        yield [first, second]


@pytest.fixture
def servers(two: list[Server]) -> Iterator[list[Server]]:
    yield two
    (two[0].data_dir / "fault").write_text("")
    for server in two:
        server.kill()
        server.start()


@pytest.mark.parametrize("fault", ["drop", "duplicate", "reorder", "delay", "all"])
async def test_a_layer_may_only_add_latency(servers: list[Server], fault: str) -> None:
    async with BusyRoom(servers) as room:
        (servers[0].data_dir / "fault").write_text(fault)
        room.hurry()
        await asyncio.sleep(SECONDS)
        await room.calm()
        await room.all_heard()
        assert room.acks > 100
        assert not await room.problems()


@pytest.mark.parametrize("_", range(3 * ROUNDS))
async def test_a_process_killed_between_commit_and_ring_is_heard_of(servers: list[Server], _: int) -> None:
    async with BusyRoom(servers[:1]) as room:
        sender = SocketSender(seen_from(servers[1], room.people[0]), room.id)
        room.senders = [sender]
        await sender.send()
        sender.person.name += "-DIE"  # a message that kills whoever commits it
        sending = asyncio.create_task(sender.send())
        await until(lambda: servers[1].processes()[0].status() == "zombie", PATIENCE, "its process killed")
        await room.all_heard(sender.acked[0].message["seq"] + 1)
        await asyncio.to_thread(servers[1].kill)
        await asyncio.to_thread(servers[1].start)
        await asyncio.wait_for(sending, 30)
        await sender.close()
        assert not await room.problems()


async def test_what_a_command_does_is_heard(servers: list[Server]) -> None:
    person = cast_on(servers[0])
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    edit = (
        "from accounts.models import User; from messaging import services;"
        "from messaging.wire.writing import MessageChange;"
        f"alice = User.objects.get(id={alice.id!r});"
        "services.edit_message(alice, message_id={id!r}, change=MessageChange('edited by command'))"
    )
    async with bob.socket() as his:
        sent = await asyncio.to_thread(alice.write, group)
        done = await asyncio.to_thread(servers[0].run, "shell", "-c", edit.replace("{id!r}", repr(sent["id"])))
        assert done.returncode == 0, done.stderr
        heard = await his.expect("message.updated")
    assert heard["data"]["message"]["content"] == "edited by command"
    assert "KeyError" not in servers[0].log
