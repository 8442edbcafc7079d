"""Who hears what in this process: conversations with their sockets, and people with theirs."""

import asyncio
import time
from collections.abc import Iterable
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from chatproject.common.publish import Ring
from messaging.reader import Entry, skipped
from messaging.transport import Outbox, websocket_frame

CROSSING = 0.03
"""Seconds that a hole may stay open before what is missing is read."""
LINGER = 2
"""Sweeps that conversations and people without sockets are kept."""
SLICE = 200
"""Rows that are compared with the database at once."""
MARKS_EVERY = 1.0
"""Seconds between two marks of one person that a room is told: the last one stands for those before."""
RECENT, KEPT = 2.0, 50
"""Seconds that passing events are kept for those who are about to hear, and how many."""


class Hearer(Protocol):
    """What the feed needs of a socket."""

    user_id: UUID
    session_id: UUID
    outbox: Outbox
    blocked: frozenset[UUID]
    hearing: set[UUID]
    only: UUID | None
    opened_at: int
    lefts: dict[UUID, int]
    is_open: bool
    subscribing: asyncio.Lock

    async def greet(self) -> None:
        """Send a fresh `hello`, which replaces what the client held, and hear everything from there on."""

    def left(self, conversation_id: UUID) -> None:
        """Hear a conversation no longer, even if hearing it was only about to begin; count it in `lefts`."""

    def end(self, code: int) -> None:
        """Close."""


class Place(NamedTuple):
    """A conversation of which somebody is a member when its head is `seq`, their view beginning after
    `visible_from_seq`."""

    seq: int
    visible_from_seq: int


class Listening(msgspec.Struct):
    """How a socket hears a conversation: from which place its person may see, and since which it listens."""

    visible_from_seq: int
    since: int


class Room:
    """A conversation with sockets in this process."""

    __slots__ = (
        "conversation_id",
        "flush_at",
        "flushing",
        "hearers",
        "held",
        "idle",
        "marks",
        "place",
        "ready",
        "recent",
        "repairing",
        "waiting",
    )

    def __init__(self, conversation_id: UUID, ready: "asyncio.Future[None]") -> None:
        self.conversation_id = conversation_id
        self.ready = ready
        self.place = -1
        self.hearers: dict[Hearer, Listening] = {}
        self.waiting: dict[int, Ring] = {}
        self.held: list[bytes] = []
        self.marks: dict[tuple[UUID, bytes], bytes] = {}
        self.recent: list[tuple[float, bytes, UUID | None]] = []
        self.flush_at = 0.0
        self.flushing = False
        self.repairing = False
        self.idle = 0

    def add(self, hearer: Hearer, listening: Listening) -> None:
        """Let a socket hear from here on."""
        self.flush()
        self.idle = 0
        self.hearers[hearer] = listening
        hearer.hearing.add(self.conversation_id)
        for moment, frame, apart in self.recent:
            if moment > time.monotonic() - RECENT and hearer.user_id != apart:
                hearer.outbox.send(frame)

    def drop(self, hearer: Hearer) -> None:
        """Let a socket hear no longer; what was handed before this still reaches it."""
        self.flush()
        self.hearers.pop(hearer, None)
        hearer.hearing.discard(self.conversation_id)

    def hand(self, entry: Ring | Entry) -> None:
        """Deliver the next place to everybody who hears it here."""
        self.place = entry.seq
        if entry.removed:
            self._end_hearing_of(entry.removed, entry.seq)
        if entry.about and any(how.visible_from_seq >= entry.about for how in self.hearers.values()):
            self.flush()
            self._hand_apart(entry)
        elif self.hearers:
            self.held.append(entry.frame)

    def hand_waiting(self) -> None:
        """Deliver those that came early and are next now, and forget those that have been delivered. The sweep's mark
        of a head has no frame: it only says that there is something to read."""
        while (ring := self.waiting.get(self.place + 1)) and ring.frame:
            self.hand(ring)
        self.waiting = {seq: ring for seq, ring in self.waiting.items() if seq > self.place}

    def flush(self) -> None:
        """Write what is held: once per socket, however many frames there are."""
        if self.held:
            payloads, self.held = self.held, []
            wire = b"".join(map(websocket_frame, payloads))
            for hearer in self.hearers:
                hearer.outbox.write(wire, payloads)

    def pass_on(self, frame: bytes, apart: UUID | None) -> None:
        """Deliver a passing event to everybody but the sockets of one person. It is kept for a moment: who is just
        being greeted or catching up does not hear yet, and nothing brings it again."""
        self.flush()
        self.recent = [*self.recent[-KEPT:], (time.monotonic(), frame, apart)]
        wire, payloads = websocket_frame(frame), [frame]
        for hearer in self.hearers:
            if hearer.user_id != apart:
                hearer.outbox.write(wire, payloads)

    def pass_on_mark(self, frame: bytes, whose: UUID) -> None:
        """Deliver somebody's mark to the others: at once, or a second after the one before, in place of all that came
        meanwhile."""
        key = (whose, frame.partition(b",")[0])
        if key in self.marks:
            self.marks[key] = frame
            return
        self.marks[key] = b""
        self.pass_on(frame, whose)
        asyncio.get_running_loop().call_later(MARKS_EVERY, self._mark_again, key)

    def _mark_again(self, key: tuple[UUID, bytes]) -> None:
        if frame := self.marks.pop(key):
            self.pass_on_mark(frame, key[0])

    def _hand_apart(self, entry: Ring | Entry) -> None:
        """The event changes a message that some hearers may not see: they get a bare place."""
        hidden = skipped(self.conversation_id, entry.seq)
        for hearer, how in self.hearers.items():
            hearer.outbox.send(hidden if how.visible_from_seq >= entry.about else entry.frame)

    def _end_hearing_of(self, user_id: UUID, seq: int) -> None:
        """A removed person hears nothing from here on; who came back since listens from a later place."""
        for hearer in [h for h, how in self.hearers.items() if h.user_id == user_id and how.since < seq]:
            self.drop(hearer)


class Person:
    """Somebody with sockets in this process, and the number up to which they were told. What they have sent is within
    what a person may send by `paid_until`, in the loop's time."""

    __slots__ = (
        "early",
        "heard",
        "idle",
        "is_behind",
        "paid_until",
        "place",
        "ready",
        "renewing",
        "sockets",
        "user_id",
    )

    def __init__(self, user_id: UUID, ready: "asyncio.Future[None]") -> None:
        self.user_id = user_id
        self.ready = ready
        self.place = self.heard = -1
        self.early: dict[int, Ring] = {}
        self.sockets: dict[Hearer, None] = {}
        self.renewing = self.is_behind = False
        self.idle = 0
        self.paid_until = 0.0


def slices(ids: list[UUID]) -> Iterable[list[UUID]]:
    """These ids, `SLICE` at a time."""
    return (ids[start : start + SLICE] for start in range(0, len(ids), SLICE))
