"""Who is typing: kept in memory, sent as a list that replaces the one before, gone after six seconds."""

import asyncio
from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from common.clock import now
from common.publish import Publication, conversation_topic
from conversations.wire import encode_event
from messaging.realtime.database_threads import in_thread
from messaging.realtime.hub import Hub
from messaging.realtime.streams import Subscriber
from messaging.realtime.typing_store import TYPING_SECONDS, record_typing

PUBLISH_SECONDS = 3.0
"""Seconds between two publications that the same person types."""
MOST_SUBSCRIBERS = 100
"""Sockets in a conversation above which none is sent who is typing."""


class Typist(NamedTuple):
    """Somebody who types: when they are forgotten unless they say so again, and who does not see it."""

    user_id: UUID
    username: str
    until: float
    hidden_from: frozenset[UUID]


class Typing:
    """The typing lists of the conversations in this process."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lists: dict[UUID, dict[UUID, Typist]] = {}
        self._published_at: dict[tuple[UUID, UUID], float] = {}
        hub.ephemeral_listeners.append(self._receive)

    def start(self, user_id: UUID, username: str, conversation_id: UUID, *, hidden_from: Collection[UUID] = ()) -> None:
        """Somebody types; published at most every three seconds, however often they say so. Neither the people whom
        they block (`hidden_from`) nor those who block them see it."""
        key, moment = (conversation_id, user_id), asyncio.get_running_loop().time()
        if moment - self._published_at.get(key, -PUBLISH_SECONDS) >= PUBLISH_SECONDS:
            self._published_at[key] = moment
            self._publish_typing(user_id, username, conversation_id, True, hidden_from)

    def stop(self, user_id: UUID, username: str, conversation_id: UUID) -> None:
        """They stopped, or sent what they typed. Only the first of two stops is published."""
        if self._published_at.pop((conversation_id, user_id), None) is not None:
            self._publish_typing(user_id, username, conversation_id, False)

    def _publish_typing(
        self,
        user_id: UUID,
        username: str,
        conversation_id: UUID,
        is_typing: bool,
        hidden_from: Collection[UUID] = (),
    ) -> None:
        self._hub.publish([typing_publication(user_id, username, conversation_id, is_typing, hidden_from)])
        self._hub.spawn(in_thread(record_typing, conversation_id, user_id, username, is_typing))

    def _receive(self, publication: Publication) -> None:
        if not publication.note or "typing" not in publication.note:
            return
        conversation_id, user_id = UUID(publication.topic[2:]), UUID(publication.note["user_id"])
        typing = self._lists.setdefault(conversation_id, {})
        changed = [typing[user_id]] if user_id in typing else []
        if publication.note["typing"]:
            loop = asyncio.get_running_loop()
            hidden_from = frozenset(map(UUID, publication.note["hidden_from"]))
            typing[user_id] = Typist(user_id, publication.note["username"], loop.time() + TYPING_SECONDS, hidden_from)
            changed.append(typing[user_id])
            loop.call_later(TYPING_SECONDS + 0.05, self._expire, conversation_id)
        else:
            typing.pop(user_id, None)
        self._show(conversation_id, changed)

    def _expire(self, conversation_id: UUID) -> None:
        typing = self._lists.get(conversation_id, {})
        moment = asyncio.get_running_loop().time()
        gone = [typist for typist in typing.values() if typist.until <= moment]
        for typist in gone:
            del typing[typist.user_id]
            self._published_at.pop((conversation_id, typist.user_id), None)
        if gone:
            self._show(conversation_id, gone)

    def _show(self, conversation_id: UUID, changed: list[Typist]) -> None:
        """Send the list, as each subscriber sees it, to those who see one of the `changed`: an empty list that came
        while a blocker types would give them away."""
        typing = self._lists[conversation_id]
        if not typing:
            del self._lists[conversation_id]
        stream = self._hub.conversations.get(conversation_id)
        if stream is None or len(stream.subscribers) > MOST_SUBSCRIBERS:
            return
        for subscriber in stream.subscribers:
            if _seen_by(subscriber, changed):
                subscriber.outbox.send(_frame(conversation_id, _seen_by(subscriber, typing.values())))

    def send_lists_to(self, subscriber: Subscriber) -> None:
        """Send a socket that has just subscribed the list of every conversation in which somebody types."""
        for conversation_id in subscriber.subscribed & self._lists.keys():
            if seen := _seen_by(subscriber, self._lists[conversation_id].values()):
                subscriber.outbox.send(_frame(conversation_id, seen))


def typing_publication(
    user_id: UUID, username: str, conversation_id: UUID, is_typing: bool, hidden_from: Collection[UUID] = ()
) -> Publication:
    """The publication that somebody types, or no longer, for the hubs."""
    hidden = [blocked.hex for blocked in hidden_from]
    note = {"typing": is_typing, "user_id": user_id.hex, "username": username, "hidden_from": hidden}
    return Publication(conversation_topic(conversation_id), 0, b"", note=note)


def _seen_by(subscriber: Subscriber, typing: Iterable[Typist]) -> list[Typist]:
    """Without the subscriber, the people they block, and those who block them."""
    return [
        typist
        for typist in typing
        if typist.user_id not in (subscriber.user_id, *subscriber.blocked)
        and subscriber.user_id not in typist.hidden_from
    ]


def _frame(conversation_id: UUID, typing: list[Typist]) -> bytes:
    users = [{"id": typist.user_id, "username": typist.username} for typist in typing]
    return encode_event("typing.updated", {"users": users}, now(), conversation_id=conversation_id)
