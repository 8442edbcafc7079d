"""Who is typing: kept in memory, told as a list that replaces the one before, gone after six seconds."""

import asyncio
from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from chatproject.common.clock import now
from chatproject.common.publish import Ring, conversation_topic
from conversations.wire import event
from messaging.feed import Feed
from messaging.rooms import Hearer
from messaging.threads import in_thread
from messaging.typing_now import LIVES, note_typing

TOLD_AGAIN = 3.0
ROOM_SIZE = 100
"""Sockets in a conversation above which nobody is told who is typing."""


class Typist(NamedTuple):
    """Somebody who types: until when that holds without another word, and who is not told."""

    user_id: UUID
    username: str
    until: float
    hidden_from: frozenset[UUID]


class Typing:
    """The typing lists of the conversations heard in this process."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._lists: dict[UUID, dict[UUID, Typist]] = {}
        self._told: dict[tuple[UUID, UUID], float] = {}
        feed.passing.append(self._hear)

    def start(self, user_id: UUID, username: str, conversation_id: UUID, *, hidden_from: Collection[UUID] = ()) -> None:
        """Somebody types; told to the others at most every three seconds, however often they say so. Neither those they
        block (`hidden_from`) nor those who block them see it."""
        key, moment = (conversation_id, user_id), asyncio.get_running_loop().time()
        if moment - self._told.get(key, -TOLD_AGAIN) >= TOLD_AGAIN:
            self._told[key] = moment
            self._tell(user_id, username, conversation_id, True, hidden_from)

    def stop(self, user_id: UUID, username: str, conversation_id: UUID) -> None:
        """They stopped, or sent what they typed. Telling it twice is spared."""
        if self._told.pop((conversation_id, user_id), None) is not None:
            self._tell(user_id, username, conversation_id, False)

    def _tell(
        self,
        user_id: UUID,
        username: str,
        conversation_id: UUID,
        is_typing: bool,
        hidden_from: Collection[UUID] = (),
    ) -> None:
        self._feed.tell([typing_ring(user_id, username, conversation_id, is_typing, hidden_from)])
        self._feed.spawn(in_thread(note_typing, conversation_id, user_id, username, is_typing))

    def _hear(self, ring: Ring) -> None:
        if not ring.note or "typing" not in ring.note:
            return
        conversation_id, user_id = UUID(ring.topic[2:]), UUID(ring.note["user_id"])
        typing = self._lists.setdefault(conversation_id, {})
        changed = [typing[user_id]] if user_id in typing else []
        if ring.note["typing"]:
            loop = asyncio.get_running_loop()
            hidden_from = frozenset(map(UUID, ring.note["hidden_from"]))
            typing[user_id] = Typist(user_id, ring.note["username"], loop.time() + LIVES, hidden_from)
            changed.append(typing[user_id])
            loop.call_later(LIVES + 0.05, self._expire, conversation_id)
        else:
            typing.pop(user_id, None)
        self._show(conversation_id, changed)

    def _expire(self, conversation_id: UUID) -> None:
        typing = self._lists.get(conversation_id, {})
        moment = asyncio.get_running_loop().time()
        gone = [typist for typist in typing.values() if typist.until <= moment]
        for typist in gone:
            del typing[typist.user_id]
            self._told.pop((conversation_id, typist.user_id), None)
        if gone:
            self._show(conversation_id, gone)

    def _show(self, conversation_id: UUID, changed: list[Typist]) -> None:
        """The list as each sees it, to those who see somebody of whom it changed: an empty one that came while a
        blocker types would say that they do."""
        typing = self._lists[conversation_id]
        if not typing:
            del self._lists[conversation_id]
        room = self._feed.rooms.get(conversation_id)
        if room is None or len(room.hearers) > ROOM_SIZE:
            return
        for hearer in room.hearers:
            if _seen_by(hearer, changed):
                hearer.outbox.send(_frame(conversation_id, _seen_by(hearer, typing.values())))

    def show_to(self, hearer: Hearer) -> None:
        """A fresh list of every conversation in which somebody types, for a socket that has just come."""
        for conversation_id in hearer.hearing & self._lists.keys():
            if seen := _seen_by(hearer, self._lists[conversation_id].values()):
                hearer.outbox.send(_frame(conversation_id, seen))


def typing_ring(
    user_id: UUID, username: str, conversation_id: UUID, is_typing: bool, hidden_from: Collection[UUID] = ()
) -> Ring:
    """The ring by which the feeds hear that somebody types, or no longer."""
    hidden = [blocked.hex for blocked in hidden_from]
    note = {"typing": is_typing, "user_id": user_id.hex, "username": username, "hidden_from": hidden}
    return Ring(conversation_topic(conversation_id), 0, b"", note=note)


def _seen_by(hearer: Hearer, typing: Iterable[Typist]) -> list[Typist]:
    """Without oneself, those whom one blocks, and those who block one."""
    return [
        typist
        for typist in typing
        if typist.user_id not in (hearer.user_id, *hearer.blocked) and hearer.user_id not in typist.hidden_from
    ]


def _frame(conversation_id: UUID, typing: list[Typist]) -> bytes:
    users = [{"id": typist.user_id, "username": typist.username} for typist in typing]
    return event("typing.updated", {"users": users}, now(), conversation_id=conversation_id)
