"""Publications may be lost, doubled, swapped or late: every open socket has every message within ten seconds, in order,
once, without reconnecting."""

import asyncio
from collections.abc import Iterator

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, PATIENCE, cast_on
from messaging.tests.faults.busy_conversation import BusyConversation, at_server
from messaging.tests.faults.conftest import ROUNDS, needs_both
from messaging.tests.faults.load import SocketSender, until

pytestmark = [pytest.mark.faults, pytest.mark.search, needs_both]

FAULTY = {**GENEROUS, "DJANGO_SETTINGS_MODULE": "messaging.tests.faults.settings"}
SECONDS = 2.0 * ROUNDS


@pytest.fixture(scope="module")
def two() -> Iterator[list[Server]]:
    """Two processes of one installation, each with its own address."""
    with Server(env=FAULTY) as first, Server(beside=first) as second:
        yield [first, second]


@pytest.fixture
def servers(two: list[Server]) -> Iterator[list[Server]]:
    yield two
    (two[0].data_dir / "fault").write_text("")


@pytest.mark.parametrize("fault", ["drop", "duplicate", "reorder", "delay", "all"])
async def test_a_layer_may_only_add_latency(servers: list[Server], fault: str) -> None:
    async with BusyConversation(servers) as busy:
        (servers[0].data_dir / "fault").write_text(fault)
        busy.start_sending()
        await asyncio.sleep(SECONDS)
        await until(lambda: busy.acks > 100, 30, "acks")
        await busy.stop_sending()
        await busy.all_received()
        assert not await busy.problems()


@pytest.mark.parametrize("_", range(ROUNDS))
async def test_what_a_process_committed_before_it_was_killed_is_delivered(servers: list[Server], _: int) -> None:
    async with BusyConversation(servers[:1]) as busy:
        sender = SocketSender(at_server(servers[1], busy.people[0]), busy.id)
        busy.senders = [sender]
        await sender.send()
        sender.person.name += "-DIE"  # its message kills the process that commits it
        sending = asyncio.create_task(sender.send())
        await until(lambda: servers[1].processes()[0].status() == "zombie", PATIENCE, "its process killed")
        await busy.all_received(sender.acked[0].message["seq"] + 1)
        await asyncio.to_thread(servers[1].kill)
        await asyncio.to_thread(servers[1].start)
        await asyncio.wait_for(sending, 30)
        await sender.close()
        assert not await busy.problems()


async def test_what_a_command_does_is_delivered(servers: list[Server]) -> None:
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
        event = await his.expect("message.updated")
    assert event["data"]["message"]["content"] == "edited by command"
    assert "KeyError" not in servers[0].log
