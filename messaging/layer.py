"""The channel layer between the processes: a doorbell that may fail, and that nobody waits for."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import structlog
from channels.layers import get_channel_layer

from chatproject.common.publish import Ring

log = structlog.get_logger(__name__)

PATIENCE = 1.0
"""Seconds that one call may take."""
QUEUE = 10_000


class Layer:
    """This process's place in the layer: one channel, which is in the group of every topic that is heard here."""

    def __init__(self, hear: Callable[[list[Ring]], None]) -> None:
        self._hear_rings = hear
        self._layer: Any = get_channel_layer()
        self._name = secrets.token_hex(8)
        self._out: asyncio.Queue[list[Ring]] = asyncio.Queue(QUEUE)
        self._deaf: set[str] = set()
        self._channel = ""

    async def close(self) -> None:
        """Let go of the connections."""
        if hasattr(self._layer, "close_pools"):
            await self._layer.close_pools()

    def tell(self, rings: list[Ring]) -> None:
        """Pass rings on to the other processes, soon. A full queue drops them: the others will notice."""
        if not self._out.full():
            self._out.put_nowait(rings)

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Hear these topics; what fails is tried again by `resubscribe`."""
        results = await asyncio.gather(*(self._group(self._layer.group_add, topic) for topic in topics))
        for topic, joined in zip(topics, results, strict=True):
            if joined:
                self._deaf.discard(topic)
            else:
                self._deaf.add(topic)

    async def resubscribe(self) -> None:
        """Try again what failed."""
        await self.subscribe(list(self._deaf))

    async def unsubscribe(self, topic: str) -> None:
        """Hear this topic no longer."""
        self._deaf.discard(topic)
        await self._group(self._layer.group_discard, topic)

    async def hear(self) -> None:
        """Take what the other processes tell, for ever; from when the layer is there."""
        while True:
            try:
                if not self._channel:
                    self._channel = await self._layer.new_channel()
                    await self.resubscribe()
                    log.info("layer_hears")
                message = await self._layer.receive(self._channel)
                if message.get("from") != self._name:
                    self._hear_rings(msgspec.msgpack.decode(message["rings"], type=list[Ring]))
            except Exception as error:
                log.warning("layer_away", reason=type(error).__name__)
                await asyncio.sleep(1)

    async def send(self) -> None:
        """Pass on what was told, for ever; the rings of one topic go together."""
        while True:
            by_topic: dict[str, list[Ring]] = defaultdict(list)
            for ring in await self._out.get():
                by_topic[ring.topic].append(ring)
            for topic, rings in by_topic.items():
                message = {"type": "rings", "from": self._name, "rings": msgspec.msgpack.encode(rings)}
                try:
                    await asyncio.wait_for(self._layer.group_send(topic, message), PATIENCE)
                except Exception as error:
                    log.warning("ring_lost", reason=type(error).__name__)

    async def _group(self, deed: Callable[[str, str], Awaitable[None]], topic: str) -> bool:
        if not self._channel:
            return False
        try:
            await asyncio.wait_for(deed(topic, self._channel), PATIENCE)
        except Exception as error:
            log.warning("layer_away", reason=type(error).__name__)
            return False
        return True
