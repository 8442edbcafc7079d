"""A hundred messages to fifty people give one push to each who should get one, whatever is killed meanwhile."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from chatproject.tests import canaries
from chatproject.tests.proving import PROVE
from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, cast_on
from messaging.tests.faults.load import AWAY, SocketSender, until
from notifications.push_sender import LEASE, MAX_IN_FLIGHT
from notifications.tests.fcm import FcmServer, Sent

pytestmark = [pytest.mark.faults, pytest.mark.search]

DELAYS, LONGER = (6, 20), 3
"""Seconds until something is pushed: the second where the machine is too slow to write a hundred messages in the first.
Those who are online have so many more."""
MEMBERS, MESSAGES, KILLS = 50, 100, min(PROVE, 3)
HAS_OWN_WORKER = bool(os.environ.get("REDIS_URL"))
SETTLING = 1.0
"""Seconds after an answer within which it may still not be written down."""
Push = tuple[str, str]
"""The name of a telephone, and the tag: a telephone shows one of each."""


@dataclass
class Arrival:
    """A push that arrived, and when it was answered."""

    push: Push
    kind: str
    at: float
    answered_at: float = float("inf")


class Telephones(FcmServer):
    """FCM, which takes a push at once and answers after a while: the worker may be dead by then."""

    def __init__(self, dice: Random) -> None:
        super().__init__()
        self.arrivals: list[Arrival] = []
        self._dice = dice

    def take(self, one: Sent) -> None:
        push = (one.token, one.message["android"]["notification"]["tag"])
        arrival = Arrival(push, one.message["data"]["kind"], time.monotonic())
        self.arrivals.append(arrival)
        super().take(one)
        time.sleep(self._dice.uniform(0.05, 0.4))
        arrival.answered_at = time.monotonic()

    def in_flight(self, moment: float) -> list[Push]:
        """What the worker may not have known to be sent at that moment."""
        return [one.push for one in self.arrivals if one.answered_at > moment - SETTLING]

    def of(self, tag: str) -> dict[str, str]:
        """The telephones that have this tag, and what kind of push it was the last time."""
        return {arrival.push[0]: arrival.kind for arrival in self.arrivals if arrival.push[1] == tag}


class Cast:
    """The members of the group by what becomes of them; `phones` are their telephones."""

    def __init__(self, server: Server) -> None:
        person = cast_on(server)
        names = ["alice", "bob", "carol", "reading", "behind", "muted", "meant", "unmeant", "deaf", "quiet", "blocking"]
        names += ["half-blocking", "removed", "leaving", "signed-out", "online", "reading-online"]
        names += [f"member-{n}" for n in range(MEMBERS - len(names))]
        with ThreadPoolExecutor(4) as pool:
            self.people = dict(zip(names, pool.map(person, names), strict=True))
            others = [one for name, one in self.people.items() if name != "alice"]
            self.group = self["alice"].group(*others)
            self.aside = self["alice"].group(self["online"], self["reading-online"])
            list(pool.map(self._register, names))
            list(pool.map(self._prepare, PREPARED))

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    def phones(self, name: str) -> list[str]:
        """Every third has two."""
        return [f"{name}'s phone", f"{name}'s tablet"][: 2 if list(self.people).index(name) % 3 == 0 else 1]

    def all_phones(self, names: Iterable[str]) -> set[str]:
        return {phone for name in names for phone in self.phones(name)}

    def _register(self, name: str) -> None:
        for phone in self.phones(name):
            token = canaries.note("registration token", phone)
            self[name].post("users/me/devices/", {"provider": "fcm", "token": token})

    def _prepare(self, name: str) -> None:
        one = self[name]
        for method, path, body in PREPARED[name](self):
            answer = one.call(method, path, json=body)
            assert answer.is_success, answer.text


def here(**changes: str) -> Callable[[Cast], list]:
    """Own settings for the group."""
    return lambda cast: [("PATCH", f"conversations/{cast.group}/members/me/", changes)]


def now_quiet(cast: Cast) -> list:
    begin, end = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))
    hours = {"from": f"{begin:%H:%M}", "until": f"{end:%H:%M}"}
    return [("PATCH", "notifications/preferences/", {"quiet_hours": hours, "time_zone": "UTC"})]


def blocks(*names: str) -> Callable[[Cast], list]:
    return lambda cast: [("PUT", f"users/{cast[name].id}/block/", None) for name in names]


PREPARED: dict[str, Callable[[Cast], list]] = {
    "muted": here(muted_until="2999-01-01T00:00:00Z"),
    "meant": here(notify="mentions"),
    "unmeant": here(notify="mentions"),
    "deaf": here(notify="none"),
    "quiet": now_quiet,
    "blocking": blocks("alice", "bob"),
    "half-blocking": blocks("alice"),
    "signed-out": lambda cast: [("POST", "auth/logout/", {})],
}
SILENT = {"alice", "reading", "muted", "unmeant", "deaf", "quiet", "blocking", "removed", "leaving", "signed-out"}
"""Whom nothing is to reach. alice writes last, and has read what bob wrote."""


def test_exactly_the_right_people_get_one_push_each(dice) -> None:
    assert any(are_told(delay, dice) for delay in DELAYS), "too slow"


def are_told(delay: int, dice: Random) -> bool:
    """Whether the messages were written within the delay, and all that is asserted then."""
    env = {**GENEROUS, "PUSH_DELAY_SECONDS": str(delay), "PUSH_ONLINE_SECONDS": str(delay + LONGER)}
    with Telephones(dice) as telephones, Server(env={**env, **telephones.env}) as server:
        were_in_time = asyncio.run(told_once(server, telephones, dice, delay))
        assert "Traceback" not in server.log
        return were_in_time


async def told_once(server: Server, telephones: Telephones, dice: Random, delay: int) -> bool:
    cast = await asyncio.to_thread(Cast, server)
    async with staying_online(cast["online"]) as is_here, staying_online(cast["reading-online"]) as is_here_too:
        began = time.monotonic()
        await write(server, cast)
        if time.monotonic() - began > delay - 1:
            return False
        assert telephones.arrivals == []

        flying: list[Push] = []
        for _ in range(KILLS):
            before = len(telephones.arrivals)
            enough = before + dice.randint(1, MAX_IN_FLIGHT // 2)
            await until(lambda: len(telephones.arrivals) >= enough, delay + 30, "pushes after a start")  # noqa: B023
            moment = time.monotonic()
            kill_worker(server)
            over = time.monotonic() + LEASE.total_seconds() + 3
            await asyncio.sleep(0.3)  # what was on the wire arrives all the same
            flying += telephones.in_flight(moment)
            await asyncio.to_thread(revive_worker, server)

        await until(lambda: is_here() and is_here_too(), 10, "those who are online")
        await look_aside(cast, telephones, delay)
        await asyncio.sleep(over - time.monotonic())
    check(cast, telephones, flying)
    return True


async def write(server: Server, cast: Cast) -> None:
    """The messages; in the middle the worker is killed, and somebody goes."""
    alice, bob, group = cast["alice"], cast["bob"], cast.group
    await say(bob, group, 10)
    await say(alice, group, 38)
    half = await say(alice, group, 2, f" @{cast['meant'].name} @{cast['deaf'].name}")
    kill_worker(server)
    revived = asyncio.create_task(asyncio.to_thread(revive_worker, server))
    await say(alice, group, 10)
    await insist(alice, "DELETE", f"conversations/{group}/members/{cast['removed'].id}/")
    await insist(cast["leaving"], "DELETE", f"conversations/{group}/members/me/")
    last = await say(alice, group, MESSAGES - 60)
    await revived
    await insist(cast["reading"], "POST", f"conversations/{group}/read/", {"seq": last})
    await insist(cast["behind"], "POST", f"conversations/{group}/read/", {"seq": half})


async def say(person: Person, group: str, count: int, padding: str = "") -> int:
    """So many messages, each until it is acknowledged; the last one's place."""
    senders = [SocketSender(person, group) for _ in range(min(4, count))]

    async def some(n: int, sender: SocketSender) -> None:
        sender.padding = padding
        for _ in range(n, count, len(senders)):
            await sender.send()
        await sender.close()

    await asyncio.gather(*(some(n, sender) for n, sender in enumerate(senders)))
    return max(send.message["seq"] for sender in senders for send in sender.sends)


async def insist(person: Person, method: str, path: str, body: object = None) -> None:
    """Ask until there is an answer."""
    while True:
        with suppress(*AWAY):
            answer = await asyncio.to_thread(person.call, method, path, json=body)
            if answer.status_code != 503:
                assert answer.is_success or answer.status_code == 404, answer.text  # done the time before
                return
        await asyncio.sleep(0.05)


def kill_worker(server: Server) -> None:
    """`kill -9`: of the worker's own process, or of the server that it is a thread of."""
    if HAS_OWN_WORKER:
        (worker,) = [one for one in server.processes() if one.name() == "chat-worker"]
        worker.kill()
    else:
        server.kill()


def revive_worker(server: Server) -> None:
    """A process of its own is started again by the server."""
    if not HAS_OWN_WORKER:
        server.start()


@asynccontextmanager
async def staying_online(person: Person) -> Awaitable[Callable[[], bool]]:
    """A socket of theirs, again and again; gives what says whether there is one now."""
    sockets = []

    async def stay() -> None:
        while True:
            with suppress(*AWAY, AssertionError):
                async with person.socket() as socket:
                    sockets.append(socket)
                    while socket.code is None:
                        await asyncio.sleep(0.05)
            await asyncio.sleep(0.1)

    staying = asyncio.create_task(stay())
    try:
        yield lambda: bool(sockets) and sockets[-1].code is None
    finally:
        staying.cancel()
        with suppress(asyncio.CancelledError):
            await staying


async def look_aside(cast: Cast, telephones: Telephones, delay: int) -> None:
    """In another group of two who are online: they have longer to read it there, and who does so hears no more."""
    tag = cast.aside.replace("-", "")
    seq = await say(cast["alice"], cast.aside, 1)
    said = time.monotonic()
    await asyncio.sleep(delay + LONGER / 2)
    assert telephones.of(tag) == {}, "they are online"
    await insist(cast["reading-online"], "POST", f"conversations/{cast.aside}/read/", {"seq": seq})
    await until(lambda: telephones.of(tag), 15, "a push to who did not read")
    assert time.monotonic() - said >= delay + LONGER - 1, "they have longer"


def check(cast: Cast, telephones: Telephones, flying: list[Push]) -> None:
    """Everybody whom it concerns, nobody else, and twice only what was in flight when something was killed."""
    told = telephones.of(cast.group.replace("-", ""))
    assert set(told) == cast.all_phones(cast.people.keys() - SILENT)
    assert {phone for phone, kind in told.items() if kind == "mention"} == cast.all_phones(["meant"])
    assert set(telephones.of(cast.aside.replace("-", ""))) == cast.all_phones(["online"])
    assert {push for push, _ in times(telephones)} == {
        *((phone, cast.group.replace("-", "")) for phone in told),
        *((phone, cast.aside.replace("-", "")) for phone in cast.phones("online")),
    }
    repeats = Counter({push: count - 1 for push, count in times(telephones) if count > 1})
    print(f"{len(told)} pushes, {len(flying)} in flight at {KILLS} kills, {repeats.total()} came again")  # noqa: T201
    assert len(flying) >= KILLS, "nothing was in flight when it was killed"
    assert len(flying) <= KILLS * MAX_IN_FLIGHT
    assert repeats <= Counter(flying)


def times(telephones: Telephones) -> Iterable[tuple[Push, int]]:
    return Counter(arrival.push for arrival in telephones.arrivals).items()
