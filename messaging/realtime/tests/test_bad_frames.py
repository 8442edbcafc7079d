"""Bad frames: each gets its one answer, the socket works afterwards, and nobody else notices."""

import asyncio
import contextlib
import json

import pytest
from websockets.exceptions import ConnectionClosedError

from chatproject.tests.server import Server
from messaging.realtime.tests.bad_frames import READABLE, UNREADABLE
from messaging.tests.client import GENEROUS, cast_on, understood
from messaging.tests.daphne import Daphne

pytestmark = pytest.mark.plain
AT_A_TIME = 15
"""Twenty within ten seconds close a socket."""


async def test_each_gets_its_one_answer_and_the_socket_lives(signed_up_on_each) -> None:
    alice, bob = signed_up_on_each("alice"), signed_up_on_each("bob")
    group = alice.group(bob)

    async with bob.socket() as his:
        for begin in range(0, len(UNREADABLE), AT_A_TIME):
            async with alice.socket() as mine:
                for frame in UNREADABLE[begin : begin + AT_A_TIME]:
                    await assert_one_answer(mine, frame, "error")
                await mine.say(group, "Still here")
        for begin in range(0, len(READABLE), AT_A_TIME):
            async with alice.socket() as mine:
                for frame in READABLE[begin : begin + AT_A_TIME]:
                    await assert_one_answer(mine, frame, "reply")
                await mine.say(group, "Still here")
        await his.until(lambda: len(his.of("message.created")) >= 5)

    assert len(UNREADABLE) + len(READABLE) > 60
    assert "Traceback" not in alice.server.log
    assert {m["content"] for m in bob.history(group)} == {"Still here"}


async def assert_one_answer(socket, frame: object, kind: str) -> None:
    """Send a frame and a `ping` behind it: exactly one answer comes before the `pong`."""
    socket.received.clear()
    socket.replies.clear()
    await socket.frame(frame)
    await socket.frame({"type": "ping"})
    await socket.until(lambda: socket.of("pong"))
    answers = [*socket.replies.values(), *(f for f in socket.received if f["type"] != "pong")]
    shown = str(frame)[:80]
    assert [answer["type"] for answer in answers] == [kind], (shown, answers)
    assert answers[0]["error"]["code"] == "invalid", (shown, answers)
    if kind == "reply":
        assert (answers[0]["id"], answers[0]["ok"]) == (frame["id"], False)  # type: ignore[index]


async def test_unknown_fields_are_refused_in_data_and_ignored_around_it(signed_up_on_each) -> None:
    alice, bob = signed_up_on_each("alice"), signed_up_on_each("bob")
    group = alice.group(bob)

    async with alice.socket() as mine:
        more = {f"field{n}": n for n in range(200)}
        reply = await mine.ask("message.send", conversation_id=group, content="Hi", seq=99, sender=bob.id, **more)
        head = alice.row(group)["seq"]
        await mine.frame({"type": "ping", "id": "p", "data": None, **more})
        await mine.until(lambda: mine.replies.get("p"))

    assert reply["error"]["code"] == "invalid"
    assert {"data.seq", "data.sender", "data.field0"} <= {fault["field"] for fault in reply["error"]["errors"]}
    assert head == 2


async def test_too_large_and_not_utf8_close(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")
    is_daphne = isinstance(alice.server, Daphne)

    async with alice.socket() as mine:
        await mine.frame({"type": "ping", "id": "x", "data": {"x": "y" * 65_000}})
        await mine.until(lambda: mine.replies.get("x"))
        # daphne knows no limit of 64 KiB but one of 1 MiB, and may drop the connection before its closing frame is
        # read, or before all of it is sent
        with contextlib.suppress(*[ConnectionClosedError] if is_daphne else []):
            await mine.frame(json.dumps({"type": "ping", "data": "y" * (1_100_000 if is_daphne else 65_536)}))
        assert await mine.closed() in ((1009, 1006) if is_daphne else (1009,))
    async with alice.socket() as mine:
        await mine.connection.send(b"\xff\xfe\x80", text=True)
        assert await mine.closed() in ((1007, 1006) if is_daphne else (1007,))
    async with alice.socket() as mine:
        await mine.ask("ping")
    assert "Traceback" not in alice.server.log


async def test_twenty_in_ten_seconds_close(signed_up_on_each) -> None:
    alice, bob = signed_up_on_each("alice"), signed_up_on_each("bob")

    async with alice.socket() as mine, bob.socket() as his:
        for _ in range(19):
            await mine.frame("nonsense")
        await mine.ask("ping")
        assert len(mine.of("error")) == 19
        await mine.frame("nonsense")
        assert await mine.closed() == 4400
        await his.ask("ping")


@pytest.mark.parametrize("kind", [Server, Daphne])
def test_a_flood_is_answered_then_closed_and_others_go_on(kind: type[Server]) -> None:
    with kind(env={**GENEROUS, "RATE_FRAMES": "50/10s"}) as server:
        person = cast_on(server)
        alice, bob = person("alice"), person("bob")
        group = alice.group(bob)

        async def flood() -> None:
            async with alice.socket() as mine, bob.socket() as his:
                for n in range(300):
                    await mine.frame({"type": "typing.start", "id": n, "data": {"conversation_id": group}})
                assert await mine.closed() == 4429
                refused = [reply for reply in mine.replies.values() if not reply["ok"]]
                assert {reply["error"]["code"] for reply in refused} == {"rate_limited"}
                assert all(0 < reply["error"]["retry_after"] <= 10 for reply in refused)
                assert len(refused) == 100
                await his.say(group, "Undisturbed")
            async with alice.socket() as again:
                await again.ask("ping")

        asyncio.run(flood())
        assert "Traceback" not in server.log


def test_a_drifting_frame_would_be_noticed() -> None:
    """The client's own check can fail."""
    good = {"type": "error", "error": {"code": "invalid", "detail": "", "errors": []}}
    assert understood(json.dumps(good)) == good
    with pytest.raises(AssertionError):
        understood(json.dumps({**good, "more": 1}))
