"""The bell may be lost, doubled, swapped or late: every open socket has every message within ten seconds, in order,
once, without reconnecting to be told."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from copy import copy

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import PATIENCE, Person, Socket
from messaging.tests.conftest import GENEROUS, cast_on
from messaging.tests.faults.checker import Copy, afterwards, problems
from messaging.tests.faults.conftest import ROUNDS, needs_both
from messaging.tests.faults.load import HttpSender, Sender, SocketSender, places_of, until

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


def seen_from(server: Server, person: Person) -> Person:
    """The same person, at the other process."""
    there = copy(person)
    there.server = server
    return there


@pytest.mark.parametrize("fault", ["drop", "duplicate", "reorder", "delay", "all"])
async def test_a_layer_may_only_add_latency(servers: list[Server], fault: str) -> None:
    person = cast_on(servers[0])
    people = [person(name) for name in ("alice", "bob", "carol")]
    group = people[0].group(*people[1:])
    async with AsyncExitStack() as stack:
        sockets = await open_sockets(stack, servers, people)
        (servers[0].data_dir / "fault").write_text(fault)
        senders: list[Sender] = [
            door(seen_from(server, one), group) for server in servers for one in people
            for door in (SocketSender, HttpSender)
        ]  # fmt: skip
        stop = asyncio.Event()
        sending = asyncio.gather(*(sender.run(stop, pause=0.03) for sender in senders))
        await asyncio.sleep(SECONDS)
        stop.set()
        await sending
        sends = [send for sender in senders for send in sender.sends]
        await all_heard(sockets, group, max(send.message["seq"] for send in sends))
        heard = [Copy(f"socket {n}", places_of(socket, group)[:], after=start(socket, group)) for n, socket in
                 enumerate(sockets)]  # fmt: skip
    copies = await asyncio.to_thread(afterwards, servers[1], people[1], group)
    assert len(sends) > 100
    assert not problems(sends, [*copies, *heard])


@pytest.mark.parametrize("round_", range(3 * ROUNDS))
async def test_a_process_killed_between_commit_and_ring_is_heard_of(servers: list[Server], round_: int) -> None:
    person = cast_on(servers[0])
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    async with bob.socket() as there, alice.socket() as also_there:
        sender = SocketSender(seen_from(servers[1], alice), group)
        await sender.send()
        sending = asyncio.create_task(last_words(sender))
        await until(lambda: not servers[1].processes() or servers[1].processes()[0].status() == "zombie", PATIENCE)
        await all_heard([there, also_there], group, 4)
        await asyncio.to_thread(servers[1].kill)
        await asyncio.to_thread(servers[1].start)
        send = await asyncio.wait_for(sending, 30)
        await sender.close()
        heard = [Copy("socket", places_of(one, group), after=start(one, group)) for one in (there, also_there)]
    copies = await asyncio.to_thread(afterwards, servers[0], bob, group)
    assert not problems([*sender.sends, send], [*copies, *heard])


async def last_words(sender: SocketSender):
    """A message that kills whoever commits it, sent until it is answered."""
    sender.person.name += "-DIE"
    return await sender.send()


async def open_sockets(stack: AsyncExitStack, servers: list[Server], people: list[Person]) -> list[Socket]:
    return [
        await stack.enter_async_context(seen_from(server, one).socket())
        for server in servers for one in people for _ in range(2)
    ]  # fmt: skip


def start(socket: Socket, conversation: str) -> int:
    """The place from which a socket hears: that of its `hello`."""
    rows = socket.of("hello")[0]["data"]["conversations"]
    return next(row["seq"] for row in rows if row["id"] == conversation)


async def all_heard(sockets: list[Socket], conversation: str, seq: int) -> None:
    """Every socket has everything up to a place."""

    def deaf() -> list[int]:
        return [n for n, one in enumerate(sockets) if seq not in one.seqs(conversation)[-50:]]

    deadline = asyncio.get_running_loop().time() + PATIENCE
    while found := deaf():
        assert asyncio.get_running_loop().time() < deadline, f"{found} of {len(sockets)} have not heard {seq}"
        await asyncio.sleep(0.05)
    assert all(socket.code is None for socket in sockets)
