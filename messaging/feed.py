"""The feed: one per process, between the rings and the sockets.

Per conversation it knows the place it has delivered up to. A ring for the next place is handed on at once; on a hole
it waits a moment (two processes' rings cross), then reads the log. In the background it compares its places with the
database, so that a lost ring costs seconds and never an entry. Everything here runs on one event loop; the methods
named `*_threadsafe` may be called from anywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from chatproject.common.publish import Ring, conversation_topic, listeners
from messaging.layer import Layer
from messaging.personal import People
from messaging.reader import Entry, heads, read_log
from messaging.rooms import CROSSING, LINGER, Hearer, Listening, Place, Room, slices
from messaging.threads import in_thread

log = structlog.get_logger(__name__)

JOINING = 0.002
"""Seconds within which the frames of a busy conversation are joined into one write per socket."""
SWEEP = 3.0
"""Seconds between two comparisons with the database."""
NO_LIMIT = 2**62


class Feed:
    """See the module. `start` it on the loop that serves the sockets."""

    def __init__(self) -> None:
        self.rooms: dict[UUID, Room] = {}
        self.people = People(self)
        self.passing: list[Callable[[Ring], None]] = []
        self.is_started = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._layer: Layer | None = None
        self._new_rooms: list[UUID] = []
        self._comparing = False

    # --- Life ---------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Begin to hear."""
        self.is_started = True
        self._loop = asyncio.get_running_loop()
        if settings.CHANNEL_LAYERS:
            self._layer = Layer(self.hear)
            self.spawn(self._layer.hear())
            self.spawn(self._layer.send())
        self.spawn(self._sweep())
        listeners.append(self.rings_threadsafe)

    async def stop(self) -> None:
        """Hear nothing more."""
        if self.rings_threadsafe in listeners:
            listeners.remove(self.rings_threadsafe)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._layer:
            await self._layer.close()

    def spawn(self, work: Awaitable[Any]) -> None:
        """Run something beside, until the feed stops."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- Rings --------------------------------------------------------------------------------------------------
    def rings_threadsafe(self, rings: list[Ring]) -> None:
        """Take rings of this process: deliver them here and pass them on to the other processes."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.tell, rings)

    def tell(self, rings: list[Ring]) -> None:
        """As `rings_threadsafe`, on the loop."""
        self.hear(rings)
        if self._layer:
            self._layer.tell(rings)

    def hear(self, rings: Iterable[Ring]) -> None:
        """Take rings, wherever they come from."""
        touched: dict[UUID, Room] = {}
        for ring in rings:
            if ring.seq == 0:
                self._hear_passing(ring)
            elif ring.topic[0] == "c":
                if room := self.rooms.get(UUID(ring.topic[2:])):
                    self._hear_durable(room, ring)
                    touched[room.conversation_id] = room
            else:
                self.people.hear(ring)
        for room in touched.values():
            self._flush_soon(room)

    def _hear_passing(self, ring: Ring) -> None:
        if ring.topic[0] == "c" and ring.frame:
            if room := self.rooms.get(UUID(ring.topic[2:])):
                if ring.apart:
                    room.pass_on_mark(ring.frame, ring.apart)
                else:
                    room.pass_on(ring.frame, None)
        else:
            for listener in self.passing:
                listener(ring)

    def _hear_durable(self, room: Room, ring: Ring) -> None:
        if room.place >= 0 and ring.seq == room.place + 1:
            room.hand(ring)
            if room.waiting:
                room.hand_waiting()
        elif ring.seq > room.place:
            room.waiting[ring.seq] = ring
            self._repair_soon(room)

    def _flush_soon(self, room: Room) -> None:
        """The first frame goes at once; those that follow within `JOINING` go together."""
        if not room.held:
            return
        now = self._loop.time()
        if now >= room.flush_at:
            room.flush_at = now + JOINING
            room.flush()
        elif not room.flushing:
            room.flushing = True
            self._loop.call_at(room.flush_at, self._flush, room)

    def _flush(self, room: Room) -> None:
        room.flushing = False
        room.flush_at = self._loop.time() + JOINING
        room.flush()

    # --- Holes --------------------------------------------------------------------------------------------------
    def _repair_soon(self, room: Room) -> None:
        if room.waiting and not room.repairing and room.place >= 0:
            room.repairing = True
            self.spawn(self._repair(room))

    async def _repair(self, room: Room) -> None:
        """Wait for crossing rings, then read what is missing from the log, until there is no hole."""
        try:
            await asyncio.sleep(CROSSING)
            while room.waiting and room.conversation_id in self.rooms:
                before = room.place
                self._close_hole(room, await in_thread(read_log, room.conversation_id, after=before))
                if room.place == before:  # nothing to read: the sweep comes by again
                    room.waiting = {}
        except Exception as error:  # the sweep comes by again
            log.warning("repair_failed", reason=type(error).__name__)
            room.waiting.clear()
        finally:
            room.repairing = False

    def _close_hole(self, room: Room, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.seq == room.place + 1:
                room.hand(entry)
        room.hand_waiting()
        room.flush()

    async def _sweep(self) -> None:
        """Compare places and people's numbers with the database, in small slices."""
        while True:
            await asyncio.sleep(SWEEP)
            try:
                if self._layer:
                    await self._layer.resubscribe()
                await self._compare_rooms(list(self.rooms))
                await self.people.compare()
                await self._forget_idle()
            except Exception as error:
                log.warning("sweep_failed", reason=type(error).__name__)

    async def _compare_rooms(self, ids: list[UUID]) -> None:
        for part in slices(ids):
            for conversation_id, head in (await in_thread(heads, part)).items():
                room = self.rooms.get(conversation_id)
                if room and 0 <= room.place < head:
                    room.waiting.setdefault(head, Ring(conversation_topic(conversation_id), head, b""))
                    self._repair_soon(room)

    def compare_soon(self) -> None:
        """What was opened just now took its place from what a socket had read before: look once more, for all of a
        rush together."""
        if not self._comparing:
            self._comparing = True
            self.spawn(self._compare_new())

    async def _compare_new(self) -> None:
        await asyncio.sleep(CROSSING)
        self._comparing = False
        rooms, self._new_rooms = self._new_rooms, []
        try:
            await self._compare_rooms(rooms)
            await self.people.compare_new()
        except Exception as error:  # the sweep comes by again
            log.warning("comparing_failed", reason=type(error).__name__)

    async def _forget_idle(self) -> None:
        """Let go of conversations that had no socket here for some sweeps, and of people."""
        for room in list(self.rooms.values()):
            room.idle = 0 if room.hearers else room.idle + 1
            if room.idle > LINGER and room.ready.done():
                del self.rooms[room.conversation_id]
                await self.unsubscribe(conversation_topic(room.conversation_id))
        await self.people.forget_idle()

    # --- Hearing ------------------------------------------------------------------------------------------------
    async def open_rooms(self, places: Mapping[UUID, int]) -> None:
        """Hear these conversations in this process, from the places that their hearers know; whoever comes second
        waits for the first's subscription."""
        new = [Room(id_, self._loop.create_future()) for id_ in places if id_ not in self.rooms]
        if new:
            self.rooms.update((room.conversation_id, room) for room in new)
            try:
                await self.subscribe([conversation_topic(room.conversation_id) for room in new])
            finally:  # also when the socket that wanted it has gone: others may wait
                for room in new:
                    room.place = places[room.conversation_id]
                    room.ready.set_result(None)
                    self._repair_soon(room)
                self._new_rooms += [room.conversation_id for room in new]
                self.compare_soon()
        for room in [self.rooms[id_] for id_ in places if id_ in self.rooms]:
            room.idle = 0
            if not room.ready.done():
                await asyncio.shield(room.ready)

    async def attach(
        self, socket: Hearer, conversation_id: UUID, known: Place, position: int, *, limit: int = NO_LIMIT
    ) -> int:
        """Let a socket hear a conversation from `position` on: read the log until it equals the feed's place, then
        register, with nothing awaited in between. At `known` the person is a member: only a later removal counts.

        Returns the place up to which it was told; when more than `limit` entries are missing, that is less than the
        place from which it hears. Who leaves meanwhile, which in a channel takes no place, does not hear it."""
        lefts = socket.lefts.get(conversation_id)
        told = 0
        while True:
            await self.open_rooms({conversation_id: max(known.seq, position)})  # a long reading may outlast the room
            room = self.rooms[conversation_id]
            if position >= room.place or told >= limit:
                break
            entries = await in_thread(read_log, conversation_id, after=position)
            if socket.lefts.get(conversation_id) != lefts:
                return position
            for entry in entries:
                if entry.removed == socket.user_id and entry.seq > known.seq:
                    return position
                if entry.seq > room.place:  # the feed has yet to hear of it, and will hand it to this socket too
                    break
                socket.outbox.send(entry.seen_from(conversation_id, known.visible_from_seq))
                position = entry.seq
            await socket.outbox.drained()
            told += len(entries)
            if not entries or not socket.is_open:
                break
        if socket.is_open and socket.lefts.get(conversation_id) == lefts:
            room.add(socket, Listening(known.visible_from_seq, max(position, room.place)))
        return position

    def detach(self, socket: Hearer, conversation_id: UUID) -> None:
        """Let a socket hear a conversation no longer."""
        if room := self.rooms.get(conversation_id):
            room.drop(socket)

    def forget(self, socket: Hearer) -> None:
        """A socket has closed."""
        for conversation_id in list(socket.hearing):
            self.detach(socket, conversation_id)
        self.people.forget(socket)

    # --- Topics -------------------------------------------------------------------------------------------------
    async def subscribe(self, topics: Sequence[str]) -> None:
        """Hear these topics from the other processes as well. What fails is tried again by the sweep, which hears for
        it meanwhile."""
        if self._layer:
            await self._layer.subscribe(topics)

    async def unsubscribe(self, topic: str) -> None:
        """Hear this topic no longer."""
        if self._layer:
            await self._layer.unsubscribe(topic)
