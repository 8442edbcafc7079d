"""The channel layer between the processes. It may fail, and nothing waits for it: the database has every entry."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import Any

import structlog
from channels.layers import get_channel_layer

from common.publish import Publication, layer_messages, read_layer_message

logger = structlog.get_logger(__name__)

CALL_SECONDS = 1.0
"""Seconds that one call may take."""
QUEUE_SIZE, SENT_AT_ONCE = 10_000, 500


class Layer:
    """This process in the layer: one channel, which is in the group of every topic that is received here."""

    def __init__(self, receive: Callable[[list[Publication]], None]) -> None:
        self._receive_publications = receive
        self._layer: Any = get_channel_layer()
        self._queue: asyncio.Queue[list[Publication]] = asyncio.Queue(QUEUE_SIZE)
        self._not_joined: set[str] = set()
        self._channel = ""

    @cached_property
    def _name(self) -> str:
        """Of this process, which may have begun as a copy of one that also made a layer."""
        return secrets.token_hex(8)

    async def close(self) -> None:
        """Let go of the connections."""
        if hasattr(self._layer, "close_pools"):
            await self._layer.close_pools()

    def publish(self, publications: list[Publication]) -> None:
        """Send publications to the other processes, soon. A full queue drops them: the others will notice."""
        if not self._queue.full():
            self._queue.put_nowait(publications)

    async def join(self, topics: Sequence[str]) -> None:
        """Join the groups of these topics; what fails is tried again by `rejoin`."""
        results = await asyncio.gather(*(self._change_group(self._layer.group_add, topic) for topic in topics))
        for topic, joined in zip(topics, results, strict=True):
            if joined:
                self._not_joined.discard(topic)
            else:
                self._not_joined.add(topic)

    async def rejoin(self) -> None:
        """Try again what failed."""
        await self.join(list(self._not_joined))

    async def leave(self, topic: str) -> None:
        """Leave the group of a topic."""
        self._not_joined.discard(topic)
        await self._change_group(self._layer.group_discard, topic)

    async def receive_forever(self) -> None:
        """Take what the other processes publish, from when the layer is there."""
        while True:
            try:
                if not self._channel:
                    self._channel = await self._layer.new_channel()
                    await self.rejoin()
                    logger.info("layer_joined")
                message = await self._layer.receive(self._channel)
                if message.get("from") != self._name:
                    self._receive_publications(read_layer_message(message))
            except Exception as error:
                logger.warning("layer_away", reason=type(error).__name__)
                await asyncio.sleep(1)

    async def send_forever(self) -> None:
        """Send what was published, what waits together."""
        while True:
            publications = list(await self._queue.get())
            while len(publications) < SENT_AT_ONCE and not self._queue.empty():
                publications += self._queue.get_nowait()
            messages = {topic: {**one, "from": self._name} for topic, one in layer_messages(publications).items()}
            try:
                await asyncio.wait_for(self._layer.group_send_all(messages), CALL_SECONDS)
            except Exception as error:
                logger.warning("publication_lost", reason=type(error).__name__)

    async def _change_group(self, change: Callable[[str, str], Awaitable[None]], topic: str) -> bool:
        if not self._channel:
            return False
        try:
            await asyncio.wait_for(change(topic, self._channel), CALL_SECONDS)
        except Exception as error:
            logger.warning("layer_away", reason=type(error).__name__)
            return False
        return True
