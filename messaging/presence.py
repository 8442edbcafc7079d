"""Who is online, told to those who watch and may know. Leases expire by themselves, so a killed process leaves
nobody online for longer than a minute."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection
from uuid import UUID

import structlog

from accounts import presence as leases
from accounts.models import User
from chatproject.common.clock import now, rfc3339
from chatproject.common.publish import Ring, watchers_topic
from conversations.people import watchable
from conversations.wire import event
from messaging.feed import Feed
from messaging.rooms import Hearer
from messaging.threads import in_thread

log = structlog.get_logger(__name__)

RENEW = 15.0
TOGETHER = 0.05
AWAY = 5.0
"""Seconds without a socket after which somebody is offline: a page being reloaded is no absence."""


class Presence:
    """The sockets of this process, as presence: whose they are, and whom they watch."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._here: Counter[UUID] = Counter()
        self._arrived: set[UUID] = set()
        self._asked: dict[UUID, set[Hearer]] = defaultdict(set)
        self._watchers: dict[UUID, set[Hearer]] = defaultdict(set)
        self._watching: dict[Hearer, set[UUID]] = {}
        self._shown: dict[UUID, tuple[bool, str | None]] = {}
        feed.passing.append(self._hear)

    async def run(self) -> None:
        """Renew the leases of those who are here and look at those who are watched."""
        while True:
            await asyncio.sleep(RENEW)
            try:
                await in_thread(leases.renew, list(self._here))
                await self._look_at(list(self._watchers))
            except Exception as error:
                log.warning("presence_failed", reason=type(error).__name__)

    def came(self, user_id: UUID) -> None:
        """A socket of this person has signed in."""
        self._here[user_id] += 1
        if self._here[user_id] == 1:
            if not self._arrived:
                self._feed.spawn(self._welcome())
            self._arrived.add(user_id)

    async def _welcome(self) -> None:
        """Take leases for those who came within a moment, all together."""
        await asyncio.sleep(TOGETHER)
        arrived, self._arrived = self._arrived, set()
        await in_thread(leases.renew, list(arrived))
        for user_id in arrived:
            self._tell(user_id, True, None)

    def went(self, socket: Hearer) -> None:
        """A socket has closed."""
        self.watch_nobody(socket)
        self._here[socket.user_id] -= 1
        if self._here[socket.user_id] <= 0:
            self._feed.spawn(self._leave(socket.user_id))

    async def watch(self, socket: Hearer, user_ids: Collection[UUID]) -> None:
        """Let a socket hear of these people, of those it may see; it is told at once how they are, and of those whom it
        may see no longer that they have gone."""
        seen = {user_id for user_id in user_ids if self._is_seen_online(user_id, socket)}
        self.watch_nobody(socket)
        if not socket.is_open:
            return
        asked = self._watching[socket] = set(user_ids)
        for user_id in asked:
            self._asked[user_id].add(socket)
        await self._feed.subscribe([watchers_topic(user_id) for user_id in asked])
        people = await in_thread(watchable, socket.user_id, asked)  # read when every change of it is heard already
        online = await in_thread(leases.online, list(people))
        if self._watching.get(socket) is not asked:
            return
        for user_id in seen - people.keys():
            socket.outbox.send(_frame(user_id, False, None))
        for user_id, user in people.items():
            self._watchers[user_id].add(socket)
            last_seen = rfc3339(user.last_seen_at) if user.last_seen_at else None
            self._shown[user_id] = (user_id in online, last_seen)
            socket.outbox.send(_frame(user_id, user_id in online, last_seen))

    def _is_seen_online(self, user_id: UUID, socket: Hearer) -> bool:
        return socket in self._watchers.get(user_id, ()) and self._shown[user_id][0]

    def review(self, socket: Hearer) -> None:
        """Who may see whom has changed: look again at whom this socket may watch."""
        if asked := self._watching.get(socket):
            self._feed.spawn(self.watch(socket, asked))

    def watch_nobody(self, socket: Hearer) -> None:
        """Let a socket hear of nobody."""
        for user_id in self._watching.pop(socket, set()):
            asking = self._asked[user_id]
            asking.discard(socket)
            self._watchers[user_id].discard(socket)
            if not asking:
                del self._asked[user_id], self._watchers[user_id]
                self._shown.pop(user_id, None)
                self._feed.spawn(self._forget(user_id))

    async def _forget(self, user_id: UUID) -> None:
        if user_id not in self._asked:  # else somebody asked again before this ran
            await self._feed.unsubscribe(watchers_topic(user_id))

    async def _leave(self, user_id: UUID) -> None:
        await asyncio.sleep(AWAY)
        if self._here[user_id] > 0:
            return
        del self._here[user_id]
        moment = now()
        await in_thread(_leave_for_good, user_id, moment)
        still = await in_thread(leases.online, [user_id])
        if not still:
            self._tell(user_id, False, rfc3339(moment))

    def _tell(self, user_id: UUID, is_online: bool, last_seen: str | None) -> None:
        self._feed.tell([Ring(watchers_topic(user_id), 0, b"", note={"is_online": is_online, "last_seen": last_seen})])

    def _hear(self, ring: Ring) -> None:
        if ring.note and "is_online" in ring.note:
            self._show(UUID(ring.topic[2:]), ring.note["is_online"], ring.note["last_seen"])
        elif ring.note and "privacy" in ring.note:
            for socket in self._asked.get(UUID(ring.topic[2:]), ()):
                self.review(socket)
        elif ring.note and "grown" in ring.note:
            self._review_all_in(UUID(ring.topic[2:]))

    def _review_all_in(self, conversation_id: UUID) -> None:
        if room := self._feed.rooms.get(conversation_id):
            for socket in room.hearers:
                self.review(socket)

    def _show(self, user_id: UUID, is_online: bool, last_seen: str | None) -> None:
        if user_id in self._watchers and self._shown.get(user_id, (None,))[0] != is_online:
            self._shown[user_id] = (is_online, last_seen)
            frame = _frame(user_id, is_online, last_seen)
            for socket in self._watchers[user_id]:
                socket.outbox.send(frame)

    async def _look_at(self, user_ids: list[UUID]) -> None:
        """Leases that ran out ring no bell."""
        online = await in_thread(leases.online, user_ids)
        for user_id in user_ids:
            self._show(user_id, user_id in online, rfc3339(now()))


def _leave_for_good(user_id: UUID, moment: object) -> None:
    leases.release(user_id)
    User.objects.filter(id=user_id).update(last_seen_at=moment)


def _frame(user_id: UUID, is_online: bool, last_seen: str | None) -> bytes:
    data = {"user_id": user_id, "is_online": is_online, "last_seen": None if is_online else last_seen}
    return event("presence.updated", data, now())
