"""The same order for all: readers who connect and disconnect end up with the history, and never see a gap."""

import asyncio

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, cast_on
from messaging.tests.faults.busy_conversation import at_server
from messaging.tests.faults.checker import afterwards, problems
from messaging.tests.faults.conftest import ROUNDS, needs_both
from messaging.tests.faults.load import SocketSender, until
from messaging.tests.faults.reader import Reader

pytestmark = [pytest.mark.faults, pytest.mark.search, needs_both]

SENDERS, READERS = 20, 10
MESSAGES, VISITS = 600 * ROUNDS, 3


async def test_twenty_senders_on_two_processes_and_ten_readers_that_reconnect(dice) -> None:
    with Server(env=GENEROUS) as first, Server(beside=first) as second:
        servers, person = [first, second], cast_on(first)
        people = [person(f"p{n}") for n in range(10)]
        group = people[0].group(*people[1:])
        senders = [SocketSender(at_server(servers[n % 2], people[n // 2]), group) for n in range(SENDERS)]
        readers = [Reader(at_server(servers[n // 5], people[n]), group) for n in range(READERS)]
        stop, leave = asyncio.Event(), asyncio.Event()
        reading = asyncio.gather(*(reader.run(leave, lambda: dice.uniform(0.2, 2)) for reader in readers))
        sending = asyncio.gather(*(sender.run(stop) for sender in senders))

        await until(lambda: sum(len(sender.acked) for sender in senders) >= MESSAGES, 60 * ROUNDS, "messages")
        await until(lambda: all(reader.visits >= VISITS for reader in readers), 30, "visits")
        stop.set()
        await sending
        sends = [send for sender in senders for send in sender.sends]
        head = max(send.message["seq"] for send in sends)
        await until(lambda: all(reader.position >= head for reader in readers), 20, "every reader at the head")
        leave.set()
        await reading

        copies = await asyncio.to_thread(afterwards, second, people[1], group)
        assert not problems(sends, [*copies, *(reader.copy for reader in readers)])
        assert not {code for sender in senders for code in sender.codes}
        print(f"{len(sends)} messages, {sum(reader.visits for reader in readers)} visits")  # noqa: T201
