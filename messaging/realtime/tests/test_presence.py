"""Presence: who is online, for acquaintances who watch, as far as each shows it."""

import asyncio
from collections.abc import Iterator

import pytest

from chatproject.tests.server import Server
from messaging.realtime.presence import OFFLINE_SECONDS
from messaging.tests.client import GENEROUS, cast_on


async def test_watchers_see_who_comes_online_and_goes_offline(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    alice.group(bob)

    async with alice.socket() as hers:
        await hers.ask("presence.watch", user_ids=[bob.id])
        await hers.expect("presence.updated", user_id=bob.id, is_online=False)
        async with bob.socket(), bob.socket():
            await hers.expect("presence.updated", is_online=True)
            assert alice.get(f"users/{bob.id}/")["is_online"]
            assert [u["id"] for u in alice.get("users/online/")["results"]] == [bob.id]
        async with bob.socket():
            await asyncio.sleep(OFFLINE_SECONDS + 0.5)
        assert len(hers.of("presence.updated")) == 2, "a page being reloaded is no absence"
        await hers.until(lambda: len(hers.of("presence.updated")) == 3, patience=OFFLINE_SECONDS + 5)

    last = hers.of("presence.updated")[-1]["data"]
    assert not last["is_online"]
    assert last["last_seen"]
    shown = alice.get(f"users/{bob.id}/")
    assert (shown["is_online"], shown["last_seen"]) == (False, last["last_seen"])


@pytest.fixture(scope="module")
def crowded() -> Iterator[Server]:
    """Where every channel is a large one."""
    with Server(env={**GENEROUS, "SMALL_CHANNEL_MEMBERS": "0"}) as server:
        yield server


async def test_strangers_and_people_who_share_only_a_large_channel_see_nothing(crowded: Server) -> None:
    person = cast_on(crowded)
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    alice.group(bob)
    lobby = next(row for row in alice.get("conversations/discover/")["results"] if row["name"] == "Lobby")["id"]
    for one in (alice, bob, carol):
        one.post(f"conversations/{lobby}/join/")

    async with alice.socket() as hers, carol.socket() as other:
        for socket in (hers, other):
            await socket.ask("presence.watch", user_ids=[bob.id])
        async with bob.socket():
            await hers.expect("presence.updated", is_online=True)
            await other.quiet()
            shown = carol.get(f"users/{bob.id}/")
            online = carol.get("users/online/")["results"]

    assert other.of("presence.updated") == []
    assert (shown["is_online"], shown["last_seen"], online) == (None, None, [])


async def test_watching_ends_when_the_shared_channel_has_grown_large() -> None:
    with Server(env={**GENEROUS, "SMALL_CHANNEL_MEMBERS": "2"}) as server:
        person = cast_on(server)
        alice, bob, carol = person("alice"), person("bob"), person("carol")
        lobby = next(row for row in alice.get("conversations/discover/")["results"] if row["name"] == "Lobby")["id"]
        for one in (alice, bob):
            one.post(f"conversations/{lobby}/join/")

        async with alice.socket() as hers:
            await hers.ask("presence.watch", user_ids=[bob.id])
            async with bob.socket():
                await hers.expect("presence.updated", is_online=True)
                carol.post(f"conversations/{lobby}/join/")
                await hers.until(lambda: len(hers.of("presence.updated")) == 3)
            async with bob.socket():
                await hers.quiet()

    shown = [frame["data"]["is_online"] for frame in hers.of("presence.updated")]
    assert shown == [False, True, False], "offline, online, and then hidden"


@pytest.mark.parametrize(("shows_to", "seen_by"), [("everyone", "alice carol"), ("contacts", "alice"), ("nobody", "")])
async def test_each_decides_who_sees_it(signed_up, shows_to: str, seen_by: str) -> None:
    cast = {"alice": signed_up("alice"), "carol": signed_up("carol")}
    bob = signed_up("bob")
    bob.group(cast["alice"])
    bob.call("PATCH", "users/me/", json={"settings": {"presence": shows_to}})

    async with bob.socket():
        seen = []
        for name, one in cast.items():
            async with one.socket() as socket:
                await socket.ask("presence.watch", user_ids=[bob.id])
                await socket.quiet()
                found = one.get(f"users/{bob.id}/")["is_online"]
                assert bool(socket.of("presence.updated")) is bool(found)
                seen += [name] * bool(found)

    assert seen == seen_by.split()


async def test_watching_others_replaces_who_was_watched(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    alice.group(bob, carol)

    async with alice.socket() as hers:
        await hers.ask("presence.watch", user_ids=[bob.id])
        await hers.ask("presence.watch", user_ids=[carol.id])
        async with bob.socket(), carol.socket():
            await hers.expect("presence.updated", user_id=carol.id, is_online=True)
            await hers.quiet()

    assert [f["data"]["user_id"] for f in hers.of("presence.updated")] == [bob.id, carol.id, carol.id]
