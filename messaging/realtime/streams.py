"""Who receives what in this process: conversations with their sockets, and people with theirs."""

import asyncio
import time
from collections.abc import Iterable
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from common.publish import Publication
from messaging.reading.log import Entry, skipped_frame
from messaging.realtime.transport import Outbox, websocket_frame

GAP_SECONDS, GAP_WAITS = 0.03, 10
"""Seconds between two looks at a gap, and how often nothing may have come before what is missing is read."""
IDLE_SWEEPS = 2
"""Sweeps that streams without sockets are kept."""
SLICE = 200
"""Rows that are compared with the database at once."""
MARK_SECONDS = 1.0
"""Seconds between two marks of one person in a conversation: the last one stands for those before."""
RECENT_SECONDS, RECENT_EVENTS = 2.0, 50
"""How long ephemeral events are kept for sockets that are about to subscribe, and how many."""


class Subscriber(Protocol):
    """What the hub needs of a socket."""

    user_id: UUID
    session_id: UUID
    outbox: Outbox
    blocked: frozenset[UUID]
    subscribed: set[UUID]
    only_conversation: UUID | None
    opened_at: int
    unsubscribe_counts: dict[UUID, int]
    is_open: bool
    subscribe_lock: asyncio.Lock

    async def send_hello(self) -> None:
        """Send a fresh `hello`, which replaces what the client held, and subscribe from there on."""

    def unsubscribe(self, conversation_id: UUID) -> None:
        """End a subscription, even if it was only about to begin; count it in `unsubscribe_counts`."""

    def close(self, code: int) -> None:
        """Close the socket."""


class Position(NamedTuple):
    """A conversation of which somebody is a member when its head is `seq`, their view beginning after
    `visible_from_seq`."""

    seq: int
    visible_from_seq: int


class Subscription(msgspec.Struct):
    """A socket's subscription to a conversation: after which seq its person may see, and after which it receives."""

    visible_from_seq: int
    since_seq: int


class ConversationStream:
    """A conversation with sockets in this process, and the position up to which they have received it."""

    __slots__ = (
        "conversation_id",
        "early",
        "flush_at",
        "idle_sweeps",
        "is_flush_scheduled",
        "is_repairing",
        "marks",
        "position",
        "ready",
        "recent",
        "subscribers",
        "unflushed",
    )

    def __init__(self, conversation_id: UUID, ready: "asyncio.Future[None]") -> None:
        self.conversation_id = conversation_id
        self.ready = ready
        self.position = -1
        self.subscribers: dict[Subscriber, Subscription] = {}
        self.early: dict[int, Publication] = {}
        self.unflushed: list[bytes] = []
        self.marks: dict[tuple[UUID, bytes], bytes] = {}
        self.recent: list[tuple[float, bytes, UUID | None]] = []
        self.flush_at = 0.0
        self.is_flush_scheduled = False
        self.is_repairing = False
        self.idle_sweeps = 0

    def add(self, subscriber: Subscriber, subscription: Subscription) -> None:
        """Deliver to a socket from here on."""
        self.flush()
        self.idle_sweeps = 0
        self.subscribers[subscriber] = subscription
        subscriber.subscribed.add(self.conversation_id)
        for moment, frame, excluded_user in self.recent:
            if moment > time.monotonic() - RECENT_SECONDS and subscriber.user_id != excluded_user:
                subscriber.outbox.send(frame)

    def remove(self, subscriber: Subscriber) -> None:
        """Stop delivering to a socket; what was delivered before this still reaches it."""
        self.flush()
        self.subscribers.pop(subscriber, None)
        subscriber.subscribed.discard(self.conversation_id)

    def deliver(self, entry: Publication | Entry) -> None:
        """Deliver the entry at the next position to every subscriber."""
        self.position = entry.seq
        if entry.removed:
            self._unsubscribe_user(entry.removed, entry.seq)
        if entry.about and any(s.visible_from_seq >= entry.about for s in self.subscribers.values()):
            self.flush()
            self._deliver_redacted(entry)
        elif self.subscribers:
            self.unflushed.append(entry.frame)

    def deliver_early(self) -> None:
        """Deliver the publications that came early and are next now, and drop those that have been delivered. The head
        that a sweep noted has no frame: it only says that there is something to read."""
        while (publication := self.early.get(self.position + 1)) and publication.frame:
            self.deliver(publication)
        self.early = {seq: publication for seq, publication in self.early.items() if seq > self.position}

    def flush(self) -> None:
        """Write the frames that wait: once per socket, however many there are."""
        if self.unflushed:
            payloads, self.unflushed = self.unflushed, []
            wire = b"".join(map(websocket_frame, payloads))
            for subscriber in self.subscribers:
                subscriber.outbox.write(wire, payloads)

    def broadcast(self, frame: bytes, excluded_user: UUID | None) -> None:
        """Deliver an ephemeral event to everybody but the sockets of one person. It is kept for a moment, for sockets
        that are between their `hello` and their subscription: nothing would bring it again."""
        self.flush()
        self.recent = [*self.recent[-RECENT_EVENTS:], (time.monotonic(), frame, excluded_user)]
        wire, payloads = websocket_frame(frame), [frame]
        for subscriber in self.subscribers:
            if subscriber.user_id != excluded_user:
                subscriber.outbox.write(wire, payloads)

    def broadcast_mark(self, frame: bytes, user_id: UUID) -> None:
        """Deliver somebody's mark to the others: at once, or a second after the one before, in place of all that came
        meanwhile."""
        key = (user_id, frame.partition(b",")[0])
        if key in self.marks:
            self.marks[key] = frame
            return
        self.marks[key] = b""
        self.broadcast(frame, user_id)
        asyncio.get_running_loop().call_later(MARK_SECONDS, self._broadcast_latest_mark, key)

    def _broadcast_latest_mark(self, key: tuple[UUID, bytes]) -> None:
        if frame := self.marks.pop(key):
            self.broadcast_mark(frame, key[0])

    def _deliver_redacted(self, entry: Publication | Entry) -> None:
        """The entry changes a message that some subscribers may not see: they get a bare seq."""
        redacted = skipped_frame(self.conversation_id, entry.seq)
        for subscriber, subscription in self.subscribers.items():
            subscriber.outbox.send(redacted if subscription.visible_from_seq >= entry.about else entry.frame)

    def _unsubscribe_user(self, user_id: UUID, seq: int) -> None:
        """A removed person receives nothing from here on. Sockets that subscribed after they came back stay."""
        for subscriber, subscription in list(self.subscribers.items()):
            if subscriber.user_id == user_id and subscription.since_seq < seq:
                self.remove(subscriber)


class UserStream:
    """A person with sockets in this process, and the position in their own events up to which those have received
    them. By `paid_until`, in the loop's time, what they have sent is within what a person may send."""

    __slots__ = (
        "early",
        "highest_seq",
        "idle_sweeps",
        "is_behind",
        "is_refreshing",
        "paid_until",
        "position",
        "ready",
        "sockets",
        "user_id",
    )

    def __init__(self, user_id: UUID, ready: "asyncio.Future[None]") -> None:
        self.user_id = user_id
        self.ready = ready
        self.position = self.highest_seq = -1
        self.early: dict[int, Publication] = {}
        self.sockets: dict[Subscriber, None] = {}
        self.is_refreshing = self.is_behind = False
        self.idle_sweeps = 0
        self.paid_until = 0.0


def slices(ids: list[UUID]) -> Iterable[list[UUID]]:
    """These ids, `SLICE` at a time."""
    return (ids[start : start + SLICE] for start in range(0, len(ids), SLICE))
