"""What a person's sockets may have missed: each is told anew or closed, whatever happens to another."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from common.errors import Refusal
from messaging.realtime import user_streams
from messaging.realtime.close_codes import SIGNED_OUT
from messaging.realtime.streams import UserStream
from messaging.realtime.user_streams import UserStreams


class Device:
    """A socket; its session may end while its `hello` is prepared."""

    def __init__(self, *, ends: bool = False) -> None:
        self.session_id, self.ends, self.heard = uuid4(), ends, []

    async def send_hello(self) -> None:
        if self.ends:
            raise Refusal("token_invalid")
        self.heard.append("hello")

    def close(self, code: int) -> None:
        self.heard.append(code)


async def test_each_is_told_or_closed_also_beside_one_that_ends_and_one_that_comes(monkeypatch) -> None:
    first, ends, last, ended, comes = Device(), Device(ends=True), Device(), Device(), Device()
    stream: Any = UserStream(uuid4(), asyncio.get_running_loop().create_future())
    stream.position, stream.is_refreshing = 0, True
    stream.sockets = dict.fromkeys([first, ends, last, ended])

    async def read_seq(user_id: UUID) -> int:
        return 1

    async def read_sessions(read: object, session_ids: list[UUID]) -> set[UUID]:
        stream.sockets[comes] = None  # it signed in while the others were looked up
        return {*session_ids} - {ended.session_id}

    monkeypatch.setattr(user_streams, "_read_seq", read_seq)
    monkeypatch.setattr(user_streams, "in_thread", read_sessions)
    hub: Any = None

    await UserStreams(hub)._refresh(stream)

    assert [device.heard for device in (first, ends, last, ended, comes)] == [
        ["hello"],
        [SIGNED_OUT],
        ["hello"],
        [SIGNED_OUT],
        [],
    ]
    assert (stream.position, stream.is_refreshing) == (1, False)
