"""Sending: a message is stored before it is answered, and published once, over HTTP and the socket."""

import asyncio
import uuid

import httpx
import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, PATIENCE, cast_on


async def test_a_message_sent_over_the_socket_is_published_and_stored(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with alice.socket() as mine, bob.socket() as his:
        sent = await mine.say(group, "Hello bob", client_id="one")
        received = await his.expect("message.created")
        echo = await mine.expect("message.created")

    assert received["data"]["message"] == sent == echo["data"]["message"]
    assert received["seq"] == sent["seq"]
    stored = bob.history(group)
    assert [m["content"] for m in stored] == ["Hello bob"]
    assert stored[0]["sender"]["username"] == alice.name


async def test_a_message_sent_over_http_is_published(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with bob.socket() as his:
        answer = await asyncio.to_thread(
            alice.call, "POST", f"conversations/{group}/messages/", json={"content": "Hello"}
        )
        received = await his.expect("message.created")

    assert answer.status_code == 201
    assert answer.json()["status"] == "sent"
    assert received["data"]["message"]["id"] == answer.json()["id"]


async def test_a_first_message_creates_the_direct_conversation(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")

    async with alice.socket() as mine, bob.socket() as his:
        reply = await mine.ask("message.send", recipient_id=bob.id, content="Hi")
        added = await his.expect("conversation.added")
        received = await his.expect("message.created")

    assert reply["ok"]
    assert added["conversation_id"] == received["conversation_id"] == reply["data"]["message"]["conversation_id"]
    assert bob.get("conversations/")["results"][0]["peer"]["id"] == alice.id


def test_for_strangers_the_conversation_does_not_exist(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)

    foreign = carol.call("POST", f"conversations/{group}/messages/", json={"content": "Hi"})
    absent = carol.call("POST", f"conversations/{uuid.uuid4()}/messages/", json={"content": "Hi"})

    assert foreign.status_code == absent.status_code == 404
    assert without_id(foreign) == without_id(absent)
    assert alice.history(group) == []
    assert alice.call("POST", f"conversations/{group}/messages/", json={"content": "Hi"}).status_code == 201


def without_id(answer: httpx.Response) -> dict:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def test_sixteen_retries_over_http_and_socket_are_one_message(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    body = {"content": "Once", "client_id": "retried"}

    async with bob.socket() as his, alice.socket() as mine:
        path = f"conversations/{group}/messages/"
        by_http = [asyncio.to_thread(alice.call, "POST", path, json=body) for _ in range(8)]
        by_socket = [mine.ask("message.send", conversation_id=group, **body) for _ in range(8)]
        results = await asyncio.gather(*by_http, *by_socket)
        answers, replies = results[:8], results[8:]
        await his.expect("message.created")
        await his.quiet()

    assert len(his.of("message.created")) == 1
    duplicates = [answer.status_code == 200 for answer in answers] + [r["data"]["duplicate"] for r in replies]
    assert sorted(duplicates) == [False] + [True] * 15
    ids = {answer.json()["id"] for answer in answers} | {reply["data"]["message"]["id"] for reply in replies}
    assert ids == {alice.history(group)[0]["id"]}
    assert [m["seq"] for m in alice.history(group)] == [3]


def test_a_client_id_with_another_body_conflicts(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group, other = alice.group(bob), alice.group(bob)
    path = f"conversations/{group}/messages/"
    first = alice.post(path, {"content": "One", "client_id": "same"})

    assert alice.call("POST", path, json={"content": "Two", "client_id": "same"}).status_code == 409
    elsewhere = alice.call("POST", f"conversations/{other}/messages/", json={"content": "One", "client_id": "same"})
    assert elsewhere.json()["code"] == "idempotency_conflict"
    assert bob.post(path, {"content": "Two", "client_id": "same"})["id"] != first["id"]


def test_replies_quote_only_what_is_in_the_conversation(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group, other = alice.group(bob), alice.group(bob)
    first = alice.post(f"conversations/{group}/messages/", {"content": "Question"})

    reply = bob.post(f"conversations/{group}/messages/", {"content": "Answer", "reply_to_id": first["id"]})
    elsewhere = bob.call(
        "POST", f"conversations/{other}/messages/", json={"content": "Leak", "reply_to_id": first["id"]}
    )

    assert reply["reply_to"]["content"] == "Question"
    assert elsewhere.status_code == 400
    assert alice.call("DELETE", f"messages/{first['id']}/").status_code == 204
    assert bob.history(group)[1]["reply_to"].get("content") is None


@pytest.mark.parametrize("content", ["", "   ", "x" * 10_001, 7, None, "nul\x00"])
def test_invalid_content_is_refused(signed_up, content) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    answer = alice.call("POST", f"conversations/{group}/messages/", json={"content": content})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert alice.history(group) == []


def test_http_and_socket_share_one_limit_that_says_how_long_to_wait() -> None:
    with Server(env={**GENEROUS, "RATE_MESSAGES": "5/5s;30/m"}) as server:
        person = cast_on(server)
        alice, bob = person("alice"), person("bob")
        group = alice.group(bob)
        path = f"conversations/{group}/messages/"

        async def three_and_three() -> dict:
            async with alice.socket() as mine:
                for n in range(3):
                    await mine.say(group, f"socket {n}", client_id=f"s{n}")
                for n in range(2):
                    await asyncio.to_thread(alice.post, path, {"content": f"http {n}", "client_id": f"h{n}"})
                refused = await mine.ask("message.send", conversation_id=group, content="too much")
                repeated = await mine.ask("message.send", conversation_id=group, content="socket 0", client_id="s0")
                assert repeated["ok"]
                assert repeated["data"]["duplicate"]
                return refused

        refused = asyncio.run(three_and_three())
        answer = alice.call("POST", path, json={"content": "too much"})

        assert refused["error"]["code"] == answer.json()["code"] == "rate_limited"
        assert 0 < refused["error"]["retry_after"] <= 5 < PATIENCE
        assert int(answer.headers["Retry-After"]) <= 5
        assert len(bob.history(group)) == 5
        assert bob.post(path, {"content": "another person's allowance"})
