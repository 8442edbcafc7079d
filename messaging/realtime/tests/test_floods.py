"""Floods: of frames that carry no command, and of frames that cost much to read. They end with their code, and
others are served meanwhile."""

import asyncio

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, cast_on, http

pytestmark = pytest.mark.plain
MASK = b"\x80\0\0\0\0"
BEGIN, CONTINUATION, PING, PONG, TEXT = (bytes([first]) + MASK for first in (0x01, 0x00, 0x89, 0x8A, 0x81))
MANY = 200_000
FLOODS = {
    "continuations": BEGIN + CONTINUATION * MANY,
    "pings": PING * MANY,
    "pongs": PONG * MANY,
    "empty texts": TEXT * MANY,
}
OBJECTS, LISTS = (f"[{','.join([empty] * 21_000)}]" for empty in ("{}", "[]"))


@pytest.fixture(scope="module")
def careful():
    """A server with the limit on frames that it has by itself."""
    with Server(env={**GENEROUS, "RATE_FRAMES": "200/10s"}) as server:
        yield cast_on(server)


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("signs_in", [True, False])
async def test_a_flood_of_small_frames_ends_and_others_are_served(careful, flood: bytes, signs_in: bool) -> None:
    alice, bob = careful("alice"), careful("bob")

    async with bob.socket() as his, alice.socket(signs_in=signs_in) as hers:
        hers.connection.transport.write(flood)
        assert await hers.closed() == 4429
        await his.ask("ping")
        assert (await asyncio.to_thread(http.get, f"{bob.server.url}/health/")).status_code == 200
    assert "Traceback" not in bob.server.log


@pytest.mark.parametrize("frame", [OBJECTS, LISTS, f'{{"type":"ping","data":{OBJECTS}}}'], ids=["{}", "[]", "within"])
async def test_a_flood_of_frames_full_of_empty_values_ends_too(careful, frame: str) -> None:
    alice, bob = careful("alice"), careful("bob")

    async with bob.socket() as his, alice.socket() as hers:
        for _ in range(20):
            await hers.frame(frame)
        assert await hers.closed(60) == 4400
        await his.ask("ping")


async def test_the_first_frame_is_short(careful) -> None:
    alice = careful("alice")

    async with alice.socket(signs_in=False) as hers:
        await hers.frame({"type": "authenticate", "data": {"token": alice.token}, "more": "x" * 8192})
        assert await hers.closed() == 4401


async def test_what_real_clients_do_is_no_flood(careful) -> None:
    alice: Person = careful("alice")
    group = alice.group()

    async with alice.socket() as hers:
        for _ in range(5):
            await asyncio.gather(*[await hers.connection.ping() for _ in range(60)])
        text = f'{{"type":"message.send","id":"x","data":{{"conversation_id":"{group}","content":"In pieces"}}}}'
        await hers.connection.send(iter(text))
        await hers.until(lambda: hers.replies.get("x"))
        for _ in range(150):
            await hers.frame({"type": "typing.start", "data": {"conversation_id": group}})
        await hers.quiet()

    assert alice.history(group)[0]["content"] == "In pieces"
