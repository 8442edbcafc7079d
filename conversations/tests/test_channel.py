"""Channels: everyone can find and join them. The Lobby exists from the start."""

import asyncio

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, cast_on


async def test_the_lobby_can_be_found_joined_left_and_joined_again(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    lobby = lobby_of(alice)
    path = f"conversations/{lobby['id']}/"
    bob.post(f"{path}join/")

    async with alice.socket() as mine:
        assert not lobby["is_member"]
        joined = await asyncio.to_thread(alice.post, f"{path}join/")
        await mine.enters(lobby["id"])
        said = await asyncio.to_thread(bob.write, lobby["id"], "Welcome alice")
        await mine.until(lambda: said["seq"] in mine.seqs(lobby["id"]))
        again = await asyncio.to_thread(alice.post, f"{path}join/")
        await asyncio.to_thread(alice.call, "DELETE", f"{path}members/me/")
        await mine.leaves(lobby["id"])
        unheard = await asyncio.to_thread(bob.write, lobby["id"], "Gone?")
        await mine.quiet()
        back = await asyncio.to_thread(alice.post, f"{path}join/")
        later = await asyncio.to_thread(bob.write, lobby["id"], "Hello again")
        await mine.until(lambda: later["seq"] in mine.seqs(lobby["id"]))

    assert joined["member_count"] == again["member_count"] == back["member_count"]
    assert unheard["seq"] not in mine.seqs(lobby["id"])
    received = [
        f["data"]["member"]["user"]["id"] for type_ in ("member.added", "member.removed") for f in mine.of(type_)
    ]
    assert bob.id not in received, "bob was there before"
    assert lobby_of(alice)["is_member"]
    assert joined["membership"]["role"] == "member"
    assert alice.code("PATCH", path, {"name": "Mine"}) == "permission_denied"
    assert alice.code("DELETE", path) == "permission_denied"


def lobby_of(one: Person) -> dict:
    found = [row for row in one.get("conversations/discover/?limit=100")["results"] if row["name"] == "Lobby"]
    assert len(found) == 1
    return found[0]


async def test_a_member_who_leaves_before_the_subscription_started_receives_nothing(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    lobby = lobby_of(alice)["id"]
    for one in (alice, bob):
        one.post(f"conversations/{lobby}/join/")

    async with alice.socket() as mine, bob.socket() as his:
        await asyncio.to_thread(alice.call, "DELETE", f"conversations/{lobby}/members/me/")  # within the grace
        await mine.leaves(lobby)
        for _ in range(3):
            await asyncio.to_thread(alice.post, f"conversations/{lobby}/join/")
            await asyncio.to_thread(alice.call, "DELETE", f"conversations/{lobby}/members/me/")
        await asyncio.sleep(0.5)
        said = await asyncio.to_thread(bob.write, lobby, "Only among us")
        await his.until(lambda: said["seq"] in his.seqs(lobby))
        await mine.quiet()

    assert said["seq"] not in mine.seqs(lobby)


def test_everyone_finds_a_channel_and_no_one_finds_a_group(signed_up) -> None:
    alice, carol = signed_up("alice"), signed_up("carol")
    channel = alice.post("conversations/", {"kind": "channel", "name": f"News of {alice.name}"})["id"]
    group = alice.group()

    shown = {row["id"] for row in discovered(carol)}
    assert channel in shown
    assert group not in shown
    assert carol.code("GET", f"conversations/{channel}/") == "not_found"

    assert carol.code("POST", f"conversations/{group}/join/") == "not_found"
    assert carol.code("POST", f"conversations/{channel}/join/") == "ok"
    assert alice.code("DELETE", f"conversations/{channel}/members/me/") == "last_owner"
    assert alice.code("DELETE", f"conversations/{channel}/") == "ok"
    assert channel not in {row["id"] for row in discovered(carol)}
    assert carol.code("POST", f"conversations/{channel}/join/") == "not_found"


def test_a_channel_without_members_is_not_found(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    channel = alice.post("conversations/", {"kind": "channel", "name": f"News of {alice.name}"})["id"]
    token = alice.post(f"conversations/{channel}/invites/")["token"]
    assert channel in {row["id"] for row in discovered(bob)}

    assert alice.code("DELETE", f"conversations/{channel}/members/me/") == "ok"

    assert channel not in {row["id"] for row in discovered(bob)}
    assert bob.code("POST", f"conversations/{channel}/join/") == "not_found"
    assert bob.code("POST", f"invites/{token}/accept/") == "not_found"


def discovered(one: Person) -> list[dict]:
    found, url = [], "conversations/discover/?limit=100"
    while url:
        page = one.get(url)
        found += page["results"]
        url = page["next"] and page["next"].split("/api/v1/")[1]
    return found


def test_the_lobby_outlives_its_members_and_can_be_switched_off() -> None:
    with Server(env=GENEROUS) as server:
        alice = cast_on(server)("alice")
        lobby = lobby_of(alice)["id"]
        for _ in range(2):  # it lives on with nobody in it
            alice.post(f"conversations/{lobby}/join/")
            assert alice.code("DELETE", f"conversations/{lobby}/members/me/") == "ok"
        alice.post(f"conversations/{lobby}/join/")
        alice.write(lobby, "First")

        server.stop()
        server.env["LOBBY"] = "false"
        server.start()
        assert discovered(alice) == alice.get("conversations/")["results"] == []
        assert alice.code("GET", f"conversations/{lobby}/messages/") == "not_found"
