"""Signing a socket in: by ticket, header or first frame, in no other way, and no longer than the session lives."""

import asyncio
import time

import httpx
import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, Socket, bearer, cast_on


async def test_a_ticket_opens_one_socket_of_twenty(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")
    ticket = alice.post("auth/ws-ticket/")["ticket"]

    async def attempt() -> int | None:
        async with alice.socket(path=f"/ws/?ticket={ticket}", signs_in=False) as socket:
            await until_hello_or_closed(socket)
            return socket.code

    codes = await asyncio.gather(*(attempt() for _ in range(20)))

    assert sorted(codes, key=str) == [4401] * 19 + [None]
    assert httpx.get(f"{alice.server.url}/api/v1/users/me/", headers=bearer(ticket)).status_code == 401
    assert ticket not in alice.server.log
    assert alice.token not in alice.server.log


async def until_hello_or_closed(socket: Socket) -> None:
    """Wait until a socket got its `hello` or was closed."""
    async with asyncio.timeout(15):
        while not socket.of("hello") and socket.code is None:
            await asyncio.sleep(0.02)


async def test_the_header_and_the_first_frame(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")

    async with (
        alice.socket(signs_in=False, additional_headers=bearer(alice.token)) as by_header,
        alice.socket() as mine,
    ):
        hello = await by_header.expect("hello")
        again = await mine.ask("authenticate", token="whatever")

    assert hello["data"]["user"]["id"] == mine.of("hello")[0]["data"]["user"]["id"] == alice.id
    assert mine.replies["in"] == {"type": "reply", "id": "in", "ok": True, "data": {}}
    assert again["ok"]


@pytest.mark.parametrize(
    "first",
    [
        {"type": "authenticate", "id": "in", "data": {"token": "wrong"}},
        {"type": "authenticate", "id": "in", "data": {"token": ""}},
        {"type": "authenticate", "id": "in", "data": {}},
        {"type": "ping", "id": "in"},
        {"type": "message.send", "id": "in", "data": {}},
        "nonsense",
        b"\x00\x01",
    ],
)
async def test_a_wrong_first_frame_is_answered_and_closed(signed_up_on_each, first) -> None:
    alice = signed_up_on_each("alice")

    async with alice.socket(signs_in=False) as socket:
        await socket.frame(first)
        assert await socket.closed() == 4401

    answers = [*socket.replies.values(), *socket.received]
    assert len(answers) == 1
    assert answers[0]["error"]["code"] in ("token_invalid", "not_authenticated", "invalid")


async def test_wrong_and_ended_tokens_close_by_every_way(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")
    over = Person.__new__(Person)
    over.__dict__.update(alice.__dict__)
    login = alice.call("POST", "auth/login/", json={"login": alice.name, "password": "correct horse 7"}).json()
    over.token, over.headers = login["access"], bearer(login["access"])
    ticket = over.post("auth/ws-ticket/")["ticket"]
    over.call("POST", "auth/logout/")

    ways = [
        {"path": "/ws/?ticket=wrong"},
        {"path": f"/ws/?ticket={ticket}"},
        {"path": "/ws/", "additional_headers": bearer(over.token)},
        {"path": "/ws/", "additional_headers": bearer("wrong")},
    ]
    for way in ways:
        async with alice.socket(signs_in=False, **way) as socket:
            assert await socket.closed() == 4401, way
            assert socket.received == []
    async with over.socket(waits_for_hello=False) as socket:
        assert await socket.closed() == 4401
    async with alice.socket() as socket:
        await socket.ask("ping")


async def test_a_silent_socket_is_closed_after_five_seconds(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")
    started = time.monotonic()

    async with alice.socket(path=f"/ws/?token={alice.token}", signs_in=False) as socket:
        assert await socket.closed() == 4401

    assert 4.5 < time.monotonic() - started < 9
    assert socket.received == []
    assert alice.token not in alice.server.log


async def test_logging_out_closes_that_session_within_a_second(signed_up_on_each) -> None:
    alice = signed_up_on_each("alice")
    login = alice.call("POST", "auth/login/", json={"login": alice.name, "password": "correct horse 7"}).json()

    async with (
        alice.socket() as stays,
        alice.socket(signs_in=False, additional_headers=bearer(login["access"])) as goes,
    ):
        await goes.expect("hello")
        answer = httpx.post(f"{alice.server.url}/api/v1/auth/logout/", headers=bearer(login["access"]))
        ended = time.monotonic()
        assert await goes.closed() == 4401
        assert time.monotonic() - ended < 1.5
        await stays.ask("ping")

    assert answer.status_code == 204


def test_a_token_in_the_address_only_where_it_is_allowed() -> None:
    with Server(env={**GENEROUS, "SOCKET_TOKEN_IN_QUERY": "true"}) as server:
        alice = cast_on(server)("alice")

        async def by_query() -> None:
            async with alice.socket(path=f"/ws/?token={alice.token}", signs_in=False) as socket:
                await socket.expect("hello")
                server._process.terminate()
                assert await socket.closed() == 1012

        asyncio.run(by_query())
        assert alice.token not in server.log
        assert server.stop() == 0
