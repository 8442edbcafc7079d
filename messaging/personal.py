"""The people's half of the feed: who has sockets in this process, and up to which number each was told.

A ring for a person's next number is handed on at once, with those that came too early. On a hole that stays, or when
their sessions have changed, they are looked at again: who is signed out is closed, the others are greeted afresh.
"""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from chatproject.common.publish import Ring, person_topic
from messaging.reader import live_sessions, numbers
from messaging.rooms import CROSSING, LINGER, Hearer, Person, Place, slices
from messaging.threads import in_thread

if TYPE_CHECKING:
    from messaging.feed import Feed

log = structlog.get_logger(__name__)

BYTES_PER_SECOND, BYTES_AT_ONCE = 256 * 1024, 2 * 1024 * 1024
"""What the sockets of one person in this process may send together; more is read more slowly."""
CROSSINGS = 10
"""How often `CROSSING` is waited for the ring before one that came early: another process may be slow."""


class People:
    """See the module. The feed has one."""

    def __init__(self, feed: "Feed") -> None:
        self._feed = feed
        self._here: dict[UUID, Person] = {}
        self._new: list[UUID] = []

    # --- Coming and going ---------------------------------------------------------------------------------------
    def get(self, user_id: UUID) -> Person | None:
        """Somebody who is heard of in this process."""
        return self._here.get(user_id)

    def count(self) -> tuple[int, int]:
        """How many sockets there are in this process, and of how many people. From any thread."""
        sockets = [len(person.sockets) for person in list(self._here.values())]
        return sum(sockets), sum(map(bool, sockets))

    def spend_bytes(self, user_id: UUID, size: int) -> float:
        """Count what a socket of this person has sent. Returns the seconds until it may be read."""
        if (person := self._here.get(user_id)) is None:
            return 0.0
        now = asyncio.get_running_loop().time()
        person.paid_until = max(person.paid_until, now) + size / BYTES_PER_SECOND
        return person.paid_until - now - BYTES_AT_ONCE / BYTES_PER_SECOND

    async def open(self, user_id: UUID) -> Person:
        """Hear what concerns this person in this process, before they are looked at."""
        person = self._here.get(user_id)
        if person is None:
            person = self._here[user_id] = Person(user_id, asyncio.get_running_loop().create_future())
            try:
                await self._feed.subscribe([person_topic(user_id)])
            finally:
                person.ready.set_result(None)
        person.idle = 0
        await asyncio.shield(person.ready)
        return person

    def settle(self, person: Person, number: int) -> None:
        """The first socket of a person was greeted with their `number`: from there on they are told."""
        if person.place < 0:
            person.place = number
            self._new.append(person.user_id)
            self._feed.compare_soon()
        if person.heard > person.place:
            self._renew_soon(person)

    def forget(self, socket: Hearer) -> None:
        """A socket has closed."""
        if person := self._here.get(socket.user_id):
            person.sockets.pop(socket, None)

    async def forget_idle(self) -> None:
        """Let go of those who had no socket here for some sweeps."""
        for person in list(self._here.values()):
            person.idle = 0 if person.sockets else person.idle + 1
            if person.idle > LINGER and person.ready.done():
                del self._here[person.user_id]
                await self._feed.unsubscribe(person_topic(person.user_id))

    # --- Hearing ------------------------------------------------------------------------------------------------
    def hear(self, ring: Ring) -> None:
        """Take a personal ring, wherever it comes from."""
        person = self._here.get(UUID(ring.topic[2:]))
        if person is None:
            return
        person.heard = max(person.heard, ring.seq)
        if ring.seq > person.place:
            person.early[ring.seq] = ring
            self._hand_next(person)
        if person.heard > person.place:
            self._renew_soon(person)

    def _hand_next(self, person: Person) -> None:
        """Hand on what is next now, unless they are just being looked at."""
        if person.place < 0 or person.is_behind:
            return
        while (ring := person.early.get(person.place + 1)) and ring.frame:
            self._hand(person, person.early.pop(ring.seq))

    def _hand(self, person: Person, ring: Ring) -> None:
        person.place = ring.seq
        for socket in list(person.sockets):
            socket.outbox.send(ring.frame)
            if ring.added and socket.only in (None, ring.added):
                begin, lefts = Place(ring.about, ring.visible_from), socket.lefts.get(ring.added)
                self._feed.spawn(self._attach_added(person, socket, ring.added, begin, lefts))
            elif ring.removed:
                socket.left(ring.removed)

    async def _attach_added(
        self, person: Person, socket: Hearer, conversation_id: UUID, begin: Place, lefts: int | None
    ) -> None:
        try:
            async with socket.subscribing:
                if socket.lefts.get(conversation_id) == lefts:  # else they left before this task began
                    await self._feed.attach(socket, conversation_id, begin, begin.seq)
        except Exception as error:  # the sweep comes by and greets them afresh
            log.warning("attach_failed", reason=type(error).__name__)
            person.place = min(person.place, 0)

    # --- Holes --------------------------------------------------------------------------------------------------
    async def compare(self) -> None:
        """Look whether anybody was not told of something."""
        await self._compare(list(self._here))

    async def compare_new(self) -> None:
        """The same for those who came since the last time."""
        new, self._new = self._new, []
        await self._compare(new)

    async def _compare(self, ids: list[UUID]) -> None:
        for part in slices(ids):
            for user_id, number in (await in_thread(numbers, part)).items():
                person = self._here.get(user_id)
                if person and 0 <= person.place < number:
                    self._renew_soon(person)

    def _renew_soon(self, person: Person) -> None:
        if not person.renewing and person.place >= 0:
            person.renewing = True
            self._feed.spawn(self._renew(person))

    async def _renew(self, person: Person) -> None:
        """Something about this person was missed, or their sessions changed: end what must end, greet the others."""
        try:
            await self._crossing(person)
            while person.place < await _number(person.user_id) or person.place < person.heard:
                person.is_behind = True
                person.place = await _number(person.user_id)
                living = await in_thread(live_sessions, list({socket.session_id for socket in person.sockets}))
                for socket in list(person.sockets):
                    if socket.session_id in living:
                        await socket.greet()
                    else:
                        socket.end(4401)
        except Exception as error:  # the sweep comes by again
            log.warning("renew_failed", reason=type(error).__name__)
            person.place = min(person.place, 0)
        finally:
            person.renewing = person.is_behind = False
            person.early.clear()

    async def _crossing(self, person: Person) -> None:
        """Wait for the rings before those that came early: all devices would read everything anew for each that
        crossed. Changed sessions do not wait."""
        for _ in range(CROSSINGS):
            await asyncio.sleep(CROSSING)
            self._hand_next(person)
            if person.place >= person.heard or not all(ring.frame for ring in person.early.values()):
                return


async def _number(user_id: UUID) -> int:
    return (await in_thread(numbers, [user_id])).get(user_id, 0)
