"""How many sockets one person may have, over all processes: the oldest beyond that close with 4409.

Nothing is kept that could go stale when a process is killed: whenever one opens, its process asks the others on the
person's topic and waits a moment for their answers. While the layer is away, the limit holds for each process alone.
"""

import asyncio
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.presence import process_id
from chatproject.common.publish import Ring, person_topic
from messaging.feed import Feed
from messaging.rooms import Person

SOCKETS_PER_PERSON = 20
TOO_MANY = 4409
ANSWER_SECONDS = 1.0


class SocketLimit:
    """The sockets of this process, counted together with those of the others."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._uncounted: set[UUID] = set()
        self._answers: dict[UUID, dict[str, list[int]]] = {}
        feed.passing.append(self._receive)

    def opened(self, person: Person) -> None:
        """A socket of this person was opened here."""
        _close(person, _opened_at(person)[:-SOCKETS_PER_PERSON])
        if settings.CHANNEL_LAYERS:
            self._uncounted.add(person.user_id)
            if person.user_id not in self._answers:
                self._answers[person.user_id] = {}
                self._feed.spawn(self._count(person))

    async def _count(self, person: Person) -> None:
        """Ask the other processes, again for what opened meanwhile; of all sockets together, close the oldest beyond
        the limit."""
        while person.user_id in self._uncounted:
            self._uncounted.discard(person.user_id)
            answers = self._answers[person.user_id] = {}
            self._publish(person, "count", None)
            await asyncio.sleep(ANSWER_SECONDS)
            opened = sorted(_opened_at(person) + [moment for moments in answers.values() for moment in moments])
            if excess := opened[:-SOCKETS_PER_PERSON]:
                self._publish(person, "close", excess)
        del self._answers[person.user_id]

    def _publish(self, person: Person, what: str, moments: list[int] | None) -> None:
        note: dict[str, Any] = {"sockets": what, "process": process_id, "opened_at": moments}
        self._feed.tell([Ring(person_topic(person.user_id), 0, b"", note=note)])

    def _receive(self, ring: Ring) -> None:
        if not ring.note or "sockets" not in ring.note:
            return
        person, what, process = self._feed.people.get(UUID(ring.topic[2:])), ring.note["sockets"], ring.note["process"]
        if person is None:
            return
        if what == "close":
            _close(person, ring.note["opened_at"])
        elif process == process_id:
            return
        elif what == "count":
            self._publish(person, "answer", _opened_at(person))
        elif person.user_id in self._answers:
            self._answers[person.user_id][process] = ring.note["opened_at"]


def _opened_at(person: Person) -> list[int]:
    return sorted(socket.opened_at for socket in person.sockets)


def _close(person: Person, opened_at: list[int]) -> None:
    for socket in [socket for socket in person.sockets if socket.opened_at in opened_at]:
        del person.sockets[socket]
        socket.end(TOO_MANY)
