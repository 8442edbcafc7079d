"""A channel layer that loses, doubles, swaps or delays what it is given, as the file `fault` in `DATA_DIR` says.

`drop` · `duplicate` · `reorder` · `delay` · `all` · nothing. A message that contains `DIE` kills its writer's process
with -9 after the commit and before it is published.
"""

import asyncio
import os
import random
import signal
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from common.publish import Publication, publish
from common.redis_layer import RedisLayer
from messaging.writing import writer

DIE = b"DIE"


class FaultyLayer(RedisLayer):
    """See the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: list[tuple[str, dict[str, Any]]] = []
        self._dice = random.Random(7)
        self._later: set[asyncio.Task[None]] = set()
        writer.publish = publish_or_die

    async def group_send_all(self, messages: Mapping[str, dict[str, Any]]) -> None:
        """Send a message to each of these groups, or do to it what the file says."""
        for group, message in messages.items():
            await self._mistreat(group, message)

    async def _mistreat(self, group: str, message: dict[str, Any]) -> None:
        path = settings.DATA_DIR / "fault"
        fault = path.read_text() if path.exists() else ""
        if fault == "all":
            fault = self._dice.choice(["drop", "duplicate", "reorder", "delay", ""])
        match fault:
            case "drop":
                return
            case "duplicate":
                await self._send(group, message)
                await self._send(group, message)
                self._send_later(0.3, [(group, message)])
            case "reorder":
                self._held.append((group, message))
                if len(self._held) > self._dice.randint(1, 4):
                    held, self._held = self._held[::-1], []
                    self._send_later(0.01, held)
            case "delay":
                self._send_later(self._dice.uniform(0, 2), [(group, message)])
            case _:
                await self._send(group, message)

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        await super().group_send_all({group: message})

    def _send_later(self, seconds: float, messages: list[tuple[str, dict[str, Any]]]) -> None:
        async def send() -> None:
            await asyncio.sleep(seconds)
            for group, message in messages:
                await self._send(group, message)

        task = asyncio.create_task(send())
        self._later.add(task)
        task.add_done_callback(self._later.discard)


def publish_or_die(publications: list[Publication]) -> None:
    """The writer's step after the commit."""
    if any(DIE in publication.frame for publication in publications):
        os.kill(os.getpid(), signal.SIGKILL)
    publish(publications)
