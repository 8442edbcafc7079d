"""Who is online, for those who watch a person and may know. Leases expire by themselves, so after a process is killed
its users are offline within a minute.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from accounts import presence as leases
from accounts.models import User
from common.clock import now, rfc3339
from common.publish import Publication, presence_topic
from conversations.relations import users_with_visible_presence
from conversations.wire import encode_event
from messaging.realtime.database_threads import in_thread
from messaging.realtime.hub import Hub
from messaging.realtime.streams import Subscriber

logger = structlog.get_logger(__name__)

RENEW_SECONDS = 15.0
GATHER_SECONDS = 0.05
"""Seconds within which people who come online get their leases together."""
OFFLINE_SECONDS = 5.0
"""Seconds without a socket after which somebody is offline: a page that is reloaded stays online."""


class Presence:
    """The sockets of this process, as presence: whose they are, and whom they watch."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._socket_counts: Counter[UUID] = Counter()
        self._arrived: set[UUID] = set()
        self._requested: dict[UUID, set[Subscriber]] = defaultdict(set)
        self._watchers: dict[UUID, set[Subscriber]] = defaultdict(set)
        self._watched: dict[Subscriber, set[UUID]] = {}
        self._shown: dict[UUID, tuple[bool, str | None]] = {}
        hub.ephemeral_listeners.append(self._receive)

    async def renew_forever(self) -> None:
        """Renew the leases of the people who are here, and check those of the people who are watched."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await in_thread(leases.renew, list(self._socket_counts))
                await self._check_leases(list(self._watchers))
            except Exception as error:
                logger.warning("presence_failed", reason=type(error).__name__)

    def connected(self, user_id: UUID) -> None:
        """A socket of this person has signed in."""
        self._socket_counts[user_id] += 1
        if self._socket_counts[user_id] == 1:
            if not self._arrived:
                self._hub.spawn(self._take_leases())
            self._arrived.add(user_id)

    async def _take_leases(self) -> None:
        """Take the leases of everybody who came online within a moment together, and publish that they did."""
        await asyncio.sleep(GATHER_SECONDS)
        arrived, self._arrived = self._arrived, set()
        await in_thread(leases.renew, list(arrived))
        for user_id in arrived:
            self._publish_presence(user_id, True, None)

    def disconnected(self, socket: Subscriber) -> None:
        """A socket has closed."""
        self.stop_watching(socket)
        self._socket_counts[socket.user_id] -= 1
        if self._socket_counts[socket.user_id] <= 0:
            self._hub.spawn(self._go_offline(socket.user_id))

    async def watch(self, socket: Subscriber, user_ids: Collection[UUID]) -> None:
        """Send a socket the presence of these people, of those it may see, now and on change. Of people whom it may no
        longer see it is sent once that they are offline."""
        seen_online = {user_id for user_id in user_ids if self._is_seen_online(user_id, socket)}
        self.stop_watching(socket)
        if not socket.is_open:
            return
        requested = self._watched[socket] = set(user_ids)
        for user_id in requested:
            self._requested[user_id].add(socket)
        await self._hub.join_groups([presence_topic(user_id) for user_id in requested])
        # Read when every change of it is received already.
        users = await in_thread(users_with_visible_presence, socket.user_id, requested)
        online = await in_thread(leases.online, list(users))
        if self._watched.get(socket) is not requested:
            return
        for user_id in seen_online - users.keys():
            socket.outbox.send(_frame(user_id, False, None))
        for user_id, user in users.items():
            self._watchers[user_id].add(socket)
            last_seen = rfc3339(user.last_seen_at) if user.last_seen_at else None
            self._shown[user_id] = (user_id in online, last_seen)
            socket.outbox.send(_frame(user_id, user_id in online, last_seen))

    def _is_seen_online(self, user_id: UUID, socket: Subscriber) -> bool:
        return socket in self._watchers.get(user_id, ()) and self._is_shown_online(user_id)

    def _is_shown_online(self, user_id: UUID) -> bool:
        return self._shown.get(user_id, (False, None))[0]

    def review(self, socket: Subscriber) -> None:
        """The people whom this socket may see have changed: check again whom it may watch."""
        if requested := self._watched.get(socket):
            self._hub.spawn(self.watch(socket, requested))

    def stop_watching(self, socket: Subscriber) -> None:
        """Send a socket nobody's presence any more."""
        for user_id in self._watched.pop(socket, set()):
            requesting = self._requested[user_id]
            requesting.discard(socket)
            self._watchers[user_id].discard(socket)
            if not requesting:
                del self._requested[user_id], self._watchers[user_id]
                self._shown.pop(user_id, None)
                self._hub.spawn(self._leave_topic(user_id))

    async def _leave_topic(self, user_id: UUID) -> None:
        if user_id not in self._requested:  # else somebody asked again before this ran
            await self._hub.leave_group(presence_topic(user_id))

    async def _go_offline(self, user_id: UUID) -> None:
        await asyncio.sleep(OFFLINE_SECONDS)
        if self._socket_counts[user_id] > 0:
            return
        del self._socket_counts[user_id]
        moment = now()
        await in_thread(_record_offline, user_id, moment)
        if not await in_thread(leases.online, [user_id]):
            self._publish_presence(user_id, False, rfc3339(moment))

    def _publish_presence(self, user_id: UUID, is_online: bool, last_seen: str | None) -> None:
        note = {"is_online": is_online, "last_seen": last_seen}
        self._hub.publish([Publication(presence_topic(user_id), 0, b"", note=note)])

    def _receive(self, publication: Publication) -> None:
        if publication.note and "is_online" in publication.note:
            self._show(UUID(publication.topic[2:]), publication.note["is_online"], publication.note["last_seen"])
        elif publication.note and "privacy" in publication.note:
            for socket in self._requested.get(UUID(publication.topic[2:]), ()):
                self.review(socket)
        elif publication.note and "grown" in publication.note:
            self._review_subscribers(UUID(publication.topic[2:]))

    def _review_subscribers(self, conversation_id: UUID) -> None:
        if stream := self._hub.conversations.get(conversation_id):
            for socket in stream.subscribers:
                self.review(socket)

    def _show(self, user_id: UUID, is_online: bool, last_seen: str | None) -> None:
        if user_id in self._watchers and self._shown.get(user_id, (None,))[0] != is_online:
            self._shown[user_id] = (is_online, last_seen)
            frame = _frame(user_id, is_online, last_seen)
            for socket in self._watchers[user_id]:
                socket.outbox.send(frame)

    async def _check_leases(self, user_ids: list[UUID]) -> None:
        """Nothing is published when a lease expires. Somebody who left just now has recorded when, and is about to be
        published with that."""
        online = await in_thread(leases.online, user_ids)
        gone = [user_id for user_id in user_ids if user_id not in online and self._is_shown_online(user_id)]
        recorded = await in_thread(_last_seen_of, gone) if gone else {}
        for user_id in user_ids:
            self._show(user_id, user_id in online, rfc3339(recorded.get(user_id, now())))


def _last_seen_of(user_ids: list[UUID]) -> dict[UUID, datetime]:
    """When these people were last seen, of those who left since the leases were last checked."""
    recent = User.objects.filter(id__in=user_ids, last_seen_at__gt=now() - timedelta(seconds=RENEW_SECONDS))
    return dict(recent.values_list("id", "last_seen_at"))


def _record_offline(user_id: UUID, moment: object) -> None:
    leases.release(user_id)
    User.objects.filter(id=user_id).update(last_seen_at=moment)


def _frame(user_id: UUID, is_online: bool, last_seen: str | None) -> bytes:
    data = {"user_id": user_id, "is_online": is_online, "last_seen": None if is_online else last_seen}
    return encode_event("presence.updated", data, now())
