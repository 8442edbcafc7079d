"""How many sockets one person may have, over all processes. The oldest beyond that close with 4409.

Nothing is stored that could go stale when a process is killed: whenever a socket opens, its process asks the others on
the user's topic and waits a moment for their answers. While the layer is away, each process counts its own.
"""

import asyncio
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.presence import process_id
from common.publish import Publication, user_topic
from messaging.realtime.close_codes import TOO_MANY_SOCKETS
from messaging.realtime.hub import Hub
from messaging.realtime.streams import UserStream

SOCKETS_PER_PERSON = 20
ANSWER_SECONDS = 1.0


class SocketLimit:
    """Counts the sockets of this process together with those of the others."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._uncounted: set[UUID] = set()
        self._answers: dict[UUID, dict[str, list[int]]] = {}
        hub.ephemeral_listeners.append(self._receive)

    def check(self, stream: UserStream) -> None:
        """A socket of this person was opened here: close those beyond the limit."""
        _close_sockets(stream, _opened_at(stream)[:-SOCKETS_PER_PERSON])
        if settings.CHANNEL_LAYERS:
            self._uncounted.add(stream.user_id)
            if stream.user_id not in self._answers:
                self._answers[stream.user_id] = {}
                self._hub.spawn(self._count(stream))

    async def _count(self, stream: UserStream) -> None:
        """Ask the other processes, again for what opened meanwhile; of all sockets together, close the oldest beyond
        the limit."""
        while stream.user_id in self._uncounted:
            self._uncounted.discard(stream.user_id)
            answers = self._answers[stream.user_id] = {}
            self._publish_note(stream, "count", None)
            await asyncio.sleep(ANSWER_SECONDS)
            opened = sorted(_opened_at(stream) + [moment for moments in answers.values() for moment in moments])
            if excess := opened[:-SOCKETS_PER_PERSON]:
                self._publish_note(stream, "close", excess)
        del self._answers[stream.user_id]

    def _publish_note(self, stream: UserStream, what: str, moments: list[int] | None) -> None:
        note: dict[str, Any] = {"sockets": what, "process": process_id(), "opened_at": moments}
        self._hub.publish([Publication(user_topic(stream.user_id), 0, b"", note=note)])

    def _receive(self, publication: Publication) -> None:
        if not publication.note or "sockets" not in publication.note:
            return
        stream = self._hub.users.get(UUID(publication.topic[2:]))
        what, process = publication.note["sockets"], publication.note["process"]
        if stream is None:
            return
        if what == "close":
            _close_sockets(stream, publication.note["opened_at"])
        elif process == process_id():
            return
        elif what == "count":
            self._publish_note(stream, "answer", _opened_at(stream))
        elif stream.user_id in self._answers:
            self._answers[stream.user_id][process] = publication.note["opened_at"]


def _opened_at(stream: UserStream) -> list[int]:
    return sorted(socket.opened_at for socket in stream.sockets)


def _close_sockets(stream: UserStream, opened_at: list[int]) -> None:
    for socket in [socket for socket in stream.sockets if socket.opened_at in opened_at]:
        del stream.sockets[socket]
        socket.close(TOO_MANY_SOCKETS)
