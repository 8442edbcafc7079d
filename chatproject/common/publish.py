"""Telling what was committed: the doorbell. The database is the letterbox, so a lost ring costs time, never an entry.

A ring goes to the feed of this process, if one runs here, and through the channel layer to the other processes.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

log = structlog.get_logger(__name__)


class Ring(msgspec.Struct, array_like=True, frozen=True):
    """One ring of the bell.

    `topic` is `c.<conversation>`, `u.<person>` or, for those who watch them, `p.<person>` (hex). `seq` is the place in
    the conversation's log or the person's number; 0 means a passing event, which replaces what was held and is never
    made up for. `frame` is the event as sent to clients; without one, the person is looked at afresh (sockets of ended
    sessions close, others are greeted).

    `about` is the place of the message that an event changes: who joined after it must not see it. In a
    conversation's ring `removed` is the person whose hearing ends there. In a person's ring `added` and `removed` are
    the conversation which they hear from now on (from the place `about`, their view beginning after `visible_from`)
    or no longer. A passing event is not for `apart`; one without a frame carries a `note` for the feeds themselves.
    """

    topic: str
    seq: int
    frame: bytes
    about: int = 0
    added: UUID | None = None
    removed: UUID | None = None
    apart: UUID | None = None
    visible_from: int = 0
    note: dict[str, Any] | None = None


def conversation_topic(conversation_id: UUID) -> str:
    """The topic of a conversation's log."""
    return f"c.{conversation_id.hex}"


def person_topic(user_id: UUID) -> str:
    """The topic of what concerns one person on all devices."""
    return f"u.{user_id.hex}"


def watchers_topic(user_id: UUID) -> str:
    """The topic of what those who watch a person hear: whether they are online."""
    return f"p.{user_id.hex}"


listeners: list[Callable[[list[Ring]], None]] = []
"""Feeds running in this process; each is called from any thread and passes rings on to the other processes itself."""


def announce(*rings: Ring) -> None:
    """Ring after the present transaction has committed; at once when there is none. A failure undoes nothing."""
    transaction.on_commit(lambda: ring(list(rings)), robust=True)


def announce_privacy(user_id: UUID) -> None:
    """Tell the feeds, after the commit, to look again at who may see this person's presence."""
    announce(Ring(watchers_topic(user_id), 0, b"", note={"privacy": True}))


def announce_grown(conversation_id: UUID) -> None:
    """Tell the feeds, after the commit, that to be in this conversation makes nobody acquainted any more."""
    announce(Ring(conversation_topic(conversation_id), 0, b"", note={"grown": True}))


def ring(rings: list[Ring]) -> None:
    """Ring now. In a process without a feed (a command, the worker) through the channel layer alone."""
    for listener in listeners:
        listener(rings)
    if not listeners and settings.CHANNEL_LAYERS:
        try:
            async_to_sync(_send)(rings)
        except Exception as error:  # the feeds find out by themselves within seconds
            log.warning("ring_lost", reason=type(error).__name__)


async def _send(rings: list[Ring]) -> None:
    layer: Any = get_channel_layer()
    for one in rings:
        await layer.group_send(one.topic, {"type": "rings", "rings": msgspec.msgpack.encode([one])})
