"""The users' half of the hub: who has sockets in this process, and up to which position each received their own events.

A publication for a person's next seq is delivered at once, with those that came early. On a gap that stays, or when
their sessions have changed, the person is refreshed: sockets of ended sessions close, the others get a fresh `hello`.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol
from uuid import UUID

import structlog

from common.errors import Refusal
from common.publish import Publication, user_topic
from messaging.reading.log import live_sessions, user_seqs
from messaging.realtime.close_codes import SIGNED_OUT
from messaging.realtime.database_threads import in_thread
from messaging.realtime.streams import GAP_SECONDS, GAP_WAITS, IDLE_SWEEPS, Position, Subscriber, UserStream, slices

logger = structlog.get_logger(__name__)

BYTES_PER_SECOND, BYTES_AT_ONCE = 256 * 1024, 2 * 1024 * 1024
"""What the sockets of one person in this process may send together; more is read more slowly."""


class ConversationHub(Protocol):
    """What user streams need of the hub that holds them."""

    def spawn(self, work: Awaitable[Any]) -> None:
        """Run a background task until the hub stops."""

    async def subscribe(self, subscriber: Subscriber, conversation_id: UUID, known: Position, position: int) -> int:
        """Subscribe a socket to a conversation from `position` on."""
        raise NotImplementedError

    def compare_soon(self) -> None:
        """Compare with the database what was opened just now."""

    async def join_groups(self, topics: Sequence[str]) -> None:
        """Receive these topics from the other processes."""

    async def leave_group(self, topic: str) -> None:
        """Stop receiving a topic from the other processes."""


class UserStreams:
    """See the module. The hub has one."""

    def __init__(self, hub: ConversationHub) -> None:
        self._hub = hub
        self._streams: dict[UUID, UserStream] = {}
        self._new: list[UUID] = []

    # --- Sockets ------------------------------------------------------------------------------------------------
    def get(self, user_id: UUID) -> UserStream | None:
        """The stream of a person, if this process has one."""
        return self._streams.get(user_id)

    def count_sockets(self) -> tuple[int, int]:
        """How many sockets there are in this process, and of how many people. From any thread."""
        sockets = [len(stream.sockets) for stream in list(self._streams.values())]
        return sum(sockets), sum(map(bool, sockets))

    def spend_bytes(self, user_id: UUID, size: int) -> float:
        """Count what a socket of this person has sent. Returns the seconds until it may be read."""
        if (stream := self._streams.get(user_id)) is None:
            return 0.0
        now = asyncio.get_running_loop().time()
        stream.paid_until = max(stream.paid_until, now) + size / BYTES_PER_SECOND
        return stream.paid_until - now - BYTES_AT_ONCE / BYTES_PER_SECOND

    async def open(self, user_id: UUID) -> UserStream:
        """Receive a person's own events in this process, before the person is read from the database."""
        stream = self._streams.get(user_id)
        if stream is None:
            stream = self._streams[user_id] = UserStream(user_id, asyncio.get_running_loop().create_future())
            try:
                await self._hub.join_groups([user_topic(user_id)])
            finally:
                stream.ready.set_result(None)
        stream.idle_sweeps = 0
        await asyncio.shield(stream.ready)
        return stream

    def start_at(self, stream: UserStream, seq: int) -> None:
        """The first socket of a person gets a `hello` that stands for their events up to `seq`: deliver from there."""
        if stream.position < 0:
            stream.position = seq
            self._new.append(stream.user_id)
            self._hub.compare_soon()
        if stream.highest_seq > stream.position:
            self._refresh_soon(stream)

    def disconnected(self, subscriber: Subscriber) -> None:
        """A socket has closed."""
        if stream := self._streams.get(subscriber.user_id):
            stream.sockets.pop(subscriber, None)

    async def close_idle(self) -> None:
        """Close the streams that had no socket here for some sweeps."""
        for stream in list(self._streams.values()):
            stream.idle_sweeps = 0 if stream.sockets else stream.idle_sweeps + 1
            if stream.idle_sweeps > IDLE_SWEEPS and stream.ready.done():
                del self._streams[stream.user_id]
                await self._hub.leave_group(user_topic(stream.user_id))

    # --- Publications -------------------------------------------------------------------------------------------
    def receive(self, publication: Publication) -> None:
        """Take a publication on a person's topic, of this process or of another."""
        stream = self._streams.get(UUID(publication.topic[2:]))
        if stream is None:
            return
        stream.highest_seq = max(stream.highest_seq, publication.seq)
        if publication.seq > stream.position:
            stream.early[publication.seq] = publication
            self._deliver_early(stream)
        if stream.highest_seq > stream.position:
            self._refresh_soon(stream)

    def _deliver_early(self, stream: UserStream) -> None:
        """Deliver what is next now, unless the person is just being refreshed."""
        if stream.position < 0 or stream.is_behind:
            return
        while (publication := stream.early.get(stream.position + 1)) and publication.frame:
            self._deliver(stream, stream.early.pop(publication.seq))

    def _deliver(self, stream: UserStream, publication: Publication) -> None:
        stream.position = publication.seq
        for socket in list(stream.sockets):
            socket.outbox.send(publication.frame)
            if publication.added and socket.only_conversation in (None, publication.added):
                begin = Position(publication.about, publication.visible_from)
                unsubscribed = socket.unsubscribe_counts.get(publication.added)
                self._hub.spawn(self._subscribe_added(stream, socket, publication.added, begin, unsubscribed))
            elif publication.removed:
                socket.unsubscribe(publication.removed)

    async def _subscribe_added(
        self, stream: UserStream, socket: Subscriber, conversation_id: UUID, begin: Position, unsubscribed: int | None
    ) -> None:
        try:
            async with socket.subscribe_lock:
                if socket.unsubscribe_counts.get(conversation_id) == unsubscribed:  # else removed before this began
                    await self._hub.subscribe(socket, conversation_id, begin, begin.seq)
        except Exception as error:  # the next sweep refreshes them
            logger.warning("subscribe_failed", reason=type(error).__name__)
            stream.position = min(stream.position, 0)

    # --- Gaps ---------------------------------------------------------------------------------------------------
    async def compare(self) -> None:
        """Refresh everybody who is behind the database."""
        await self._compare(list(self._streams))

    async def compare_new(self) -> None:
        """The same for those whose streams were opened since the last time."""
        new, self._new = self._new, []
        await self._compare(new)

    async def _compare(self, ids: list[UUID]) -> None:
        for part in slices(ids):
            for user_id, seq in (await in_thread(user_seqs, part)).items():
                stream = self._streams.get(user_id)
                if stream and 0 <= stream.position < seq:
                    self._refresh_soon(stream)

    def _refresh_soon(self, stream: UserStream) -> None:
        if not stream.is_refreshing and stream.position >= 0:
            stream.is_refreshing = True
            self._hub.spawn(self._refresh(stream))

    async def _refresh(self, stream: UserStream) -> None:
        """A publication was missed, or the sessions changed: close what must close, send the others a `hello`."""
        try:
            await self._wait_for_gap(stream)
            while stream.position < await _read_seq(stream.user_id) or stream.position < stream.highest_seq:
                stream.is_behind = True
                stream.position = await _read_seq(stream.user_id)
                sockets = list(stream.sockets)
                living = await in_thread(live_sessions, list({socket.session_id for socket in sockets}))
                for socket in sockets:
                    try:
                        if socket.session_id not in living:
                            raise Refusal("token_invalid")
                        await socket.send_hello()
                    except Refusal:
                        socket.close(SIGNED_OUT)
        except Exception as error:  # the next sweep tries again
            logger.warning("refresh_failed", reason=type(error).__name__)
            stream.position = min(stream.position, 0)
        finally:
            stream.is_refreshing = stream.is_behind = False
            stream.early.clear()

    async def _wait_for_gap(self, stream: UserStream) -> None:
        """Wait for the publications before those that came early: for each that was overtaken, all devices would read
        everything again. Changed sessions do not wait."""
        for _ in range(GAP_WAITS):
            await asyncio.sleep(GAP_SECONDS)
            self._deliver_early(stream)
            if stream.position >= stream.highest_seq or not all(each.frame for each in stream.early.values()):
                return


async def _read_seq(user_id: UUID) -> int:
    return (await in_thread(user_seqs, [user_id])).get(user_id, 0)
