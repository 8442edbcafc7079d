"""The hub: one per process, between publications and sockets.

For each conversation it knows the position up to which it has delivered. A publication for the next position is
delivered at once. On a gap the hub waits a moment, because publications of two processes may overtake each other, then
reads the log. In the background it compares its positions with the database, so a lost publication costs seconds and
never an entry. Everything here runs on one event loop; methods named `*_threadsafe` may be called from anywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from common.publish import Publication, conversation_topic, listeners
from messaging.reading.log import Entry, conversation_heads, read_log
from messaging.realtime.database_threads import in_thread
from messaging.realtime.layer import Layer
from messaging.realtime.streams import (
    GAP_SECONDS,
    GAP_WAITS,
    IDLE_SWEEPS,
    ConversationStream,
    Position,
    Subscriber,
    Subscription,
    slices,
)
from messaging.realtime.user_streams import UserStreams

logger = structlog.get_logger(__name__)

FLUSH_SECONDS = 0.002
"""Seconds within which the frames of a busy conversation are joined into one write per socket."""
SWEEP_SECONDS = 3.0
"""Seconds between two comparisons with the database."""
NO_LIMIT = 2**62


class Hub:
    """See the module. `start` it on the loop that serves the sockets."""

    def __init__(self) -> None:
        self.conversations: dict[UUID, ConversationStream] = {}
        self.users = UserStreams(self)
        self.ephemeral_listeners: list[Callable[[Publication], None]] = []
        self.is_started = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._layer: Layer | None = None
        self._new_streams: list[UUID] = []
        self._is_comparing = False

    # --- Life ---------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Begin to receive publications."""
        self.is_started = True
        self._loop = asyncio.get_running_loop()
        if settings.CHANNEL_LAYERS:
            self._layer = Layer(self.receive)
            self.spawn(self._layer.receive_forever())
            self.spawn(self._layer.send_forever())
        self.spawn(self._sweep())
        listeners.append(self.publish_threadsafe)

    async def stop(self) -> None:
        """Stop receiving publications."""
        if self.publish_threadsafe in listeners:
            listeners.remove(self.publish_threadsafe)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._layer:
            await self._layer.close()

    def spawn(self, work: Awaitable[Any]) -> None:
        """Run a background task until the hub stops."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- Publications -------------------------------------------------------------------------------------------
    def publish_threadsafe(self, publications: list[Publication]) -> None:
        """Deliver publications of this process here, and send them to the other processes."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.publish, publications)

    def publish(self, publications: list[Publication]) -> None:
        """As `publish_threadsafe`, on the loop."""
        self.receive(publications)
        if self._layer:
            self._layer.publish(publications)

    def receive(self, publications: Iterable[Publication]) -> None:
        """Take publications of this process or of another."""
        touched: dict[UUID, ConversationStream] = {}
        for publication in publications:
            if publication.seq == 0:
                self._receive_ephemeral(publication)
            elif publication.topic[0] == "c":
                if stream := self.conversations.get(UUID(publication.topic[2:])):
                    self._receive_durable(stream, publication)
                    touched[stream.conversation_id] = stream
            else:
                self.users.receive(publication)
        for stream in touched.values():
            self._flush_soon(stream)

    def _receive_ephemeral(self, publication: Publication) -> None:
        if publication.topic[0] == "c" and publication.frame:
            if stream := self.conversations.get(UUID(publication.topic[2:])):
                if publication.excluded_user:
                    stream.broadcast_mark(publication.frame, publication.excluded_user)
                else:
                    stream.broadcast(publication.frame, None)
        else:
            for listener in self.ephemeral_listeners:
                listener(publication)

    def _receive_durable(self, stream: ConversationStream, publication: Publication) -> None:
        if stream.position >= 0 and publication.seq == stream.position + 1:
            stream.deliver(publication)
            if stream.early:
                stream.deliver_early()
        elif publication.seq > stream.position:
            stream.early[publication.seq] = publication
            self._repair_soon(stream)

    def _flush_soon(self, stream: ConversationStream) -> None:
        """The first frame goes at once; those that follow within `FLUSH_SECONDS` go together."""
        if not stream.unflushed:
            return
        now = self._loop.time()
        if now >= stream.flush_at:
            stream.flush_at = now + FLUSH_SECONDS
            stream.flush()
        elif not stream.is_flush_scheduled:
            stream.is_flush_scheduled = True
            self._loop.call_at(stream.flush_at, self._flush, stream)

    def _flush(self, stream: ConversationStream) -> None:
        stream.is_flush_scheduled = False
        stream.flush_at = self._loop.time() + FLUSH_SECONDS
        stream.flush()

    # --- Gaps ---------------------------------------------------------------------------------------------------
    def _repair_soon(self, stream: ConversationStream) -> None:
        if stream.early and not stream.is_repairing and stream.position >= 0:
            stream.is_repairing = True
            self.spawn(self._repair(stream))

    async def _repair(self, stream: ConversationStream) -> None:
        """Wait for publications that were overtaken, then read what is missing from the log, until there is no gap."""
        try:
            await self._wait_for_gap(stream)
            while stream.early and stream.conversation_id in self.conversations:
                before = stream.position
                self._close_gap(stream, await in_thread(read_log, stream.conversation_id, after=before))
                if stream.position == before:  # nothing to read: the next sweep tries again
                    stream.early = {}
        except Exception as error:  # the next sweep tries again
            logger.warning("repair_failed", reason=type(error).__name__)
            stream.early.clear()
        finally:
            stream.is_repairing = False

    async def _wait_for_gap(self, stream: ConversationStream) -> None:
        """Wait for the publications before those that came early, for as long as some arrive: a busy process is slow to
        send them, and reading the log would keep it busier. Where a sweep found a head, it waits once."""
        waits = 0
        while stream.early and waits < GAP_WAITS:
            before = stream.position
            await asyncio.sleep(GAP_SECONDS)
            if not all(publication.frame for publication in stream.early.values()):
                return
            waits = waits + 1 if stream.position == before else 0

    def _close_gap(self, stream: ConversationStream, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.seq == stream.position + 1:
                stream.deliver(entry)
        stream.deliver_early()
        stream.flush()

    async def _sweep(self) -> None:
        """Compare positions with the database, in small slices."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                if self._layer:
                    await self._layer.rejoin()
                await self._compare_conversations(list(self.conversations))
                await self.users.compare()
                await self._close_idle()
            except Exception as error:
                logger.warning("sweep_failed", reason=type(error).__name__)

    async def _compare_conversations(self, ids: list[UUID]) -> None:
        for part in slices(ids):
            for conversation_id, head in (await in_thread(conversation_heads, part)).items():
                stream = self.conversations.get(conversation_id)
                if stream and 0 <= stream.position < head:
                    stream.early.setdefault(head, Publication(conversation_topic(conversation_id), head, b""))
                    self._repair_soon(stream)

    def compare_soon(self) -> None:
        """A stream that was just opened begins where a socket had read before: compare it once more, together with the
        others that are opened in the same moment."""
        if not self._is_comparing:
            self._is_comparing = True
            self.spawn(self._compare_new())

    async def _compare_new(self) -> None:
        await asyncio.sleep(GAP_SECONDS)
        self._is_comparing = False
        new, self._new_streams = self._new_streams, []
        try:
            await self._compare_conversations(new)
            await self.users.compare_new()
        except Exception as error:  # the next sweep tries again
            logger.warning("comparing_failed", reason=type(error).__name__)

    async def _close_idle(self) -> None:
        """Close the streams that had no socket here for some sweeps."""
        for stream in list(self.conversations.values()):
            stream.idle_sweeps = 0 if stream.subscribers else stream.idle_sweeps + 1
            if stream.idle_sweeps > IDLE_SWEEPS and stream.ready.done():
                del self.conversations[stream.conversation_id]
                await self.leave_group(conversation_topic(stream.conversation_id))
        await self.users.close_idle()

    # --- Subscriptions ------------------------------------------------------------------------------------------
    async def open_streams(self, positions: Mapping[UUID, int]) -> None:
        """Receive these conversations in this process, from the positions that their subscribers know. A socket that
        opens one second waits until the first has joined its group."""
        new = [
            ConversationStream(id_, self._loop.create_future()) for id_ in positions if id_ not in self.conversations
        ]
        if new:
            self.conversations.update((stream.conversation_id, stream) for stream in new)
            try:
                await self.join_groups([conversation_topic(stream.conversation_id) for stream in new])
            finally:  # also when the socket that wanted it has gone: others may wait
                for stream in new:
                    stream.position = positions[stream.conversation_id]
                    stream.ready.set_result(None)
                    self._repair_soon(stream)
                self._new_streams += [stream.conversation_id for stream in new]
                self.compare_soon()
        for stream in [self.conversations[id_] for id_ in positions if id_ in self.conversations]:
            stream.idle_sweeps = 0
            if not stream.ready.done():
                await asyncio.shield(stream.ready)

    async def subscribe(
        self, subscriber: Subscriber, conversation_id: UUID, known: Position, position: int, *, limit: int = NO_LIMIT
    ) -> int:
        """Subscribe a socket to a conversation from `position` on: read the log until it equals the stream's position,
        then register, with nothing awaited in between. At `known` the person is a member: only a later removal counts.

        Returns the position up to which it was delivered; when more than `limit` entries are missing, that is less than
        the one from which the subscription begins. A socket that is unsubscribed meanwhile, which in a channel takes no
        position, is not subscribed."""
        unsubscribed = subscriber.unsubscribe_counts.get(conversation_id)
        delivered = 0
        while True:
            await self.open_streams({conversation_id: max(known.seq, position)})  # a long read may outlast the stream
            stream = self.conversations[conversation_id]
            if position >= stream.position or delivered >= limit:
                break
            entries = await in_thread(read_log, conversation_id, after=position)
            if subscriber.unsubscribe_counts.get(conversation_id) != unsubscribed:
                return position
            for entry in entries:
                if entry.removed == subscriber.user_id and entry.seq > known.seq:
                    return position
                if entry.seq > stream.position:  # the hub has yet to receive it, and will deliver it here too
                    break
                subscriber.outbox.send(entry.frame_for(conversation_id, known.visible_from_seq))
                position = entry.seq
            await subscriber.outbox.drained()
            delivered += len(entries)
            if not entries or not subscriber.is_open:
                break
        if subscriber.is_open and subscriber.unsubscribe_counts.get(conversation_id) == unsubscribed:
            stream.add(subscriber, Subscription(known.visible_from_seq, max(position, stream.position)))
        return position

    def unsubscribe(self, subscriber: Subscriber, conversation_id: UUID) -> None:
        """End a socket's subscription to a conversation."""
        if stream := self.conversations.get(conversation_id):
            stream.remove(subscriber)

    def disconnected(self, subscriber: Subscriber) -> None:
        """A socket has closed: end its subscriptions."""
        for conversation_id in list(subscriber.subscribed):
            self.unsubscribe(subscriber, conversation_id)
        self.users.disconnected(subscriber)

    # --- Groups -------------------------------------------------------------------------------------------------
    async def join_groups(self, topics: Sequence[str]) -> None:
        """Receive these topics from the other processes. When the layer is away, the sweep tries again, and reads the
        log meanwhile."""
        if self._layer:
            await self._layer.join(topics)

    async def leave_group(self, topic: str) -> None:
        """Stop receiving a topic from the other processes."""
        if self._layer:
            await self._layer.leave(topic)
