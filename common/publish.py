"""Publishing what was committed. The database has every entry, so a lost publication costs time and nothing else.

A publication goes to the hub of this process, if one runs here, and through the channel layer to the other processes.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

logger = structlog.get_logger(__name__)


class Publication(msgspec.Struct, array_like=True, frozen=True):
    """One event, as hubs receive it. The order of the fields is the contract between processes.

    `topic` is `c.<conversation>`, `u.<user>` or, for those who watch a user's presence, `p.<user>` (hex). `seq` is the
    position in the conversation's log, or the user's own number; 0 means an ephemeral event, which replaces what
    clients held and is never repeated. `frame` is the event as sent to clients; without one, the user is refreshed:
    sockets of ended sessions close, the others get a fresh `hello`.

    `about` is the seq of the message that an event changes: a member who joined after it must not see it. On a
    conversation's topic `removed` is the user whose subscriptions end there. On a user's topic `added` and `removed`
    are the conversation to which their sockets are subscribed now (from the seq `about` on, their view beginning after
    `visible_from`) or no longer. An ephemeral event is not for `excluded_user`; one without a frame carries a `note`
    for the hubs themselves.
    """

    topic: str
    seq: int
    frame: bytes
    about: int = 0
    added: UUID | None = None
    removed: UUID | None = None
    excluded_user: UUID | None = None
    visible_from: int = 0
    note: dict[str, Any] | None = None


def conversation_topic(conversation_id: UUID) -> str:
    """The topic of a conversation's log."""
    return f"c.{conversation_id.hex}"


def user_topic(user_id: UUID) -> str:
    """The topic of a user's own events, on all their devices."""
    return f"u.{user_id.hex}"


def presence_topic(user_id: UUID) -> str:
    """The topic of a user's presence, for those who watch it."""
    return f"p.{user_id.hex}"


listeners: list[Callable[[list[Publication]], None]] = []
"""Hubs running in this process. Each is called from any thread and sends publications to the other processes."""


def publish_on_commit(*publications: Publication) -> None:
    """Publish after the present transaction has committed; at once when there is none. A failure undoes nothing."""
    transaction.on_commit(lambda: publish(list(publications)), robust=True)


def publish_privacy_changed(user_id: UUID) -> None:
    """Have the hubs check again, after the commit, who may see this user's presence."""
    publish_on_commit(Publication(presence_topic(user_id), 0, b"", note={"privacy": True}))


def publish_outgrown(conversation_id: UUID) -> None:
    """Let the hubs know, after the commit, that this conversation is now too large to acquaint its members."""
    publish_on_commit(Publication(conversation_topic(conversation_id), 0, b"", note={"grown": True}))


def publish(publications: list[Publication]) -> None:
    """Publish now. In a process without a hub (a command, the worker) through the channel layer alone."""
    for listener in listeners:
        listener(publications)
    if not listeners and settings.CHANNEL_LAYERS:
        try:
            async_to_sync(_send_to_layer)(publications)
        except Exception as error:  # the hubs find out by themselves within seconds
            logger.warning("publication_lost", reason=type(error).__name__)


def layer_messages(publications: list[Publication]) -> dict[str, dict[str, Any]]:
    """Publications as messages of the channel layer, one for each topic. Processes of the version before read the same
    key."""
    by_topic: dict[str, list[Publication]] = defaultdict(list)
    for publication in publications:
        by_topic[publication.topic].append(publication)
    return {topic: {"type": "rings", "rings": msgspec.msgpack.encode(some)} for topic, some in by_topic.items()}


def read_layer_message(message: dict[str, Any]) -> list[Publication]:
    """The publications in a message of the channel layer."""
    return _decoder.decode(message["rings"])


_decoder = msgspec.msgpack.Decoder(list[Publication])


async def _send_to_layer(publications: list[Publication]) -> None:
    layer: Any = get_channel_layer()
    await layer.group_send_all(layer_messages(publications))
