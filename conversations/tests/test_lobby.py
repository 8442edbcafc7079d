"""The Lobby of a small installation: new users join it, and see who joins, leaves and is online there."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest

from chatproject.tests.server import Server
from messaging.realtime.presence import OFFLINE_SECONDS
from messaging.tests.client import GENEROUS, Person, cast_on

AS_IT_COMES = {**GENEROUS, "LOBBY_AUTO_JOIN": "on"}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(env=AS_IT_COMES) as server:
        yield server


def lobby_of(one: Person) -> str:
    """What a newcomer's list begins with."""
    (row,) = one.get("conversations/")["results"]
    assert (row["name"], row["unread_count"], row["membership"]["notify"]) == ("Lobby", 0, "mentions")
    return row["id"]


def online_in(one: Person, conversation: str) -> set[str]:
    return {row["id"] for row in one.get(f"users/online/?conversation={conversation}")["results"]}


def leave(one: Person, conversation: str) -> None:
    assert one.code("DELETE", f"conversations/{conversation}/members/me/") == "ok"


async def test_joining_and_leaving_is_published_and_logged(server: Server) -> None:
    person = cast_on(server)
    alice = person("alice")
    lobby = lobby_of(alice)

    async with alice.socket() as hers:
        assert [row["id"] for row in hers.of("hello")[0]["data"]["conversations"]] == [lobby]
        bob = await asyncio.to_thread(person, "bob")
        added = await hers.expect("member.added")
        await asyncio.to_thread(leave, bob, lobby)
        removed = await hers.expect("member.removed")

    assert added["data"]["member"]["user"]["id"] == removed["data"]["member"]["user"]["id"] == bob.id
    log = alice.get(f"conversations/{lobby}/log/?after=1")["entries"]
    assert [entry["type"] for entry in log] == ["member.added", "member.removed"]
    assert bob.get("conversations/")["results"] == []


async def test_members_see_who_is_online_and_get_presence_events(server: Server) -> None:
    person = cast_on(server)
    alice, bob, olga, carol = (person(name) for name in ("alice", "bob", "olga", "carol"))
    lobby = lobby_of(alice)
    leave(carol, lobby)
    olga.call("PATCH", "users/me/", json={"settings": {"presence": "nobody"}})

    async with alice.socket() as hers, olga.socket(), carol.socket():
        await hers.ask("presence.watch", user_ids=[bob.id, olga.id, carol.id])
        async with bob.socket():
            await hers.expect("presence.updated", user_id=bob.id, is_online=True)
            assert online_in(alice, lobby) == {bob.id}, "as far as each shows it, and only who is in it"
            assert online_in(bob, lobby) == {alice.id}
            bob.call("PUT", f"users/{alice.id}/block/")
            assert online_in(alice, lobby) == set()
            bob.call("DELETE", f"users/{alice.id}/block/")
        await hers.until(lambda: not hers.of("presence.updated")[-1]["data"]["is_online"], patience=OFFLINE_SECONDS + 5)

    assert {frame["data"]["user_id"] for frame in hers.of("presence.updated")} == {bob.id}
    assert carol.code("GET", f"users/online/?conversation={lobby}") == "not_found"
    assert alice.code("GET", f"users/online/?conversation={uuid4()}") == "not_found"
    refused = alice.call("GET", "users/online/?conversation=lobby").json()
    assert [error["field"] for error in refused["errors"]] == ["conversation"]


async def test_in_a_large_lobby_joining_is_not_published_and_presence_is_not_shared() -> None:
    with Server(env={**AS_IT_COMES, "SMALL_CHANNEL_MEMBERS": "2"}) as server:
        person = cast_on(server)
        alice, bob, olga = (person(name) for name in ("alice", "bob", "olga"))
        lobby = lobby_of(alice)
        bob.call("PATCH", "users/me/", json={"settings": {"presence": "everyone"}})

        async with alice.socket() as hers, bob.socket(), olga.socket():
            member = await asyncio.to_thread(person, "member-1")
            await asyncio.to_thread(leave, member, lobby)
            said = await asyncio.to_thread(bob.write, lobby)
            await hers.until(lambda: said["seq"] in hers.seqs(lobby))
            assert online_in(alice, lobby) == {bob.id}

    assert hers.of("member.added") == hers.of("member.removed") == []


async def test_new_users_are_notified_of_mentions_only(server: Server) -> None:
    person = cast_on(server)
    alice, bob = person("alice"), person("bob")
    lobby = lobby_of(alice)

    async with alice.socket() as hers:
        await asyncio.to_thread(bob.write, lobby, "Hello all")
        await asyncio.to_thread(bob.write, lobby, f"Hello @{alice.name}")
        await hers.expect("notification.created")
        await asyncio.sleep(2)  # the worker tells the others of a message within a second

    assert [frame["data"]["notification"]["kind"] for frame in hers.of("notification.created")] == ["mention"]
