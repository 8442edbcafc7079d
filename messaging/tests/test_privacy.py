"""Privacy settings take effect at once on open sockets: presence, names, typing and read receipts."""

import asyncio
import time

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, cast_on


def change(person: Person, **profile: object) -> None:
    assert person.call("PATCH", "users/me/", json=profile).status_code == 200


async def test_hiding_presence_takes_effect_at_once_and_can_be_undone(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    alice.group(bob)

    async with alice.socket(), bob.socket() as his:
        await his.ask("presence.watch", user_ids=[alice.id])
        await his.expect("presence.updated", is_online=True)
        await asyncio.to_thread(change, alice, settings={"presence": "nobody"})
        await his.expect("presence.updated", is_online=False, last_seen=None)
        await asyncio.to_thread(change, alice, settings={"presence": "contacts"})
        await his.until(lambda: his.of("presence.updated")[-1]["data"]["is_online"])


async def test_switching_typing_off_takes_effect_on_open_sockets(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with alice.socket() as hers, bob.socket() as his:
        await asyncio.to_thread(change, alice, settings={"typing": False})
        await hers.until(lambda: len(hers.of("hello")) == 2)
        assert hers.of("hello")[1]["data"]["user"]["settings"]["typing"] is False
        await hers.ask("typing.start", conversation_id=group)
        await his.quiet()

    assert his.of("typing.updated") == []


async def test_without_read_receipts_no_one_sees_what_was_read(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    message = bob.write(group, "Hello")
    change(alice, settings={"read_receipts": False})

    async with alice.socket() as hers, bob.socket() as his:
        await hers.ask("read.mark", conversation_id=group, seq=message["seq"])
        await hers.expect("read.updated")
        await his.quiet()

    assert his.of("read.updated") == []
    assert bob.get(f"messages/{message['id']}/")["status"] != "read"


async def test_a_new_name_is_published_to_users_who_share_a_conversation_only(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    alice.group(bob)

    async with alice.socket() as hers, bob.socket() as his, carol.socket() as other:
        await asyncio.to_thread(change, alice, full_name="Alice Adams")
        told = await his.expect("user.updated")
        fresh = await hers.until(lambda: hers.of("hello")[1:])
        await other.quiet()
        await asyncio.to_thread(change, alice, full_name="Alice Adams")
        await asyncio.to_thread(change, alice, bio="Not told")
        await his.quiet()

    assert told["data"] == {
        "user": {"id": alice.id, "username": alice.name, "full_name": "Alice Adams", "avatar_url": None}
    }
    assert fresh[0]["data"]["user"]["full_name"] == "Alice Adams"
    assert len(his.of("user.updated")) == 1
    assert other.of("user.updated") == []


@pytest.fixture(scope="module")
def two() -> object:
    """Two processes, where the test run has PostgreSQL and Redis; one otherwise."""
    with Server(env=GENEROUS) as first:
        if first.env.get("REDIS_URL"):
            with Server(beside=first) as second:
                yield first, second
        else:
            yield first, first


LEAVING = {
    "logout": ("POST", "auth/logout/", {}),
    "password": (
        "POST",
        "auth/password/change/",
        {"current_password": "correct horse 7", "new_password": "a newer horse 7"},
    ),
    "others": ("DELETE", "auth/sessions/", None),
    "deletion": ("DELETE", "users/me/", {"password": "correct horse 7"}),
}


@pytest.mark.parametrize("action", LEAVING)
async def test_the_sockets_of_ended_sessions_close_within_a_second_on_both(two, action: str) -> None:
    first, second = two
    alice = cast_on(first)("alice")
    signed_in = {"login": alice.name, "password": "correct horse 7"}
    laptop, phone = (Elsewhere(alice, server, signed_in) for server in (first, second))
    method, path, body = LEAVING[action]
    actor, ends, stays = (alice, [alice], [laptop, phone]) if action == "logout" else (alice, [laptop, phone], [alice])
    if action == "deletion":
        ends, stays = [alice, laptop, phone], []

    async with alice.socket() as a, laptop.socket() as b, phone.socket() as c:
        sockets = {alice: a, laptop: b, phone: c}
        assert (await asyncio.to_thread(actor.call, method, path, json=body)).status_code < 300
        began = time.monotonic()
        codes = [await sockets[one].closed() for one in ends]
        took = time.monotonic() - began
        for one in stays:
            await sockets[one].quiet()

    assert codes == [4401] * len(ends)
    assert took < 1
    assert {one.call("GET", "users/me/").status_code for one in ends} == {401}
    assert {one.call("GET", "users/me/").status_code for one in stays} <= {200}


class Elsewhere(Person):
    """Another sign-in of somebody, on a server of its own."""

    def __init__(self, person: Person, server: Server, login: dict[str, str]) -> None:
        self.server, self.name, self.id, self.token, self.headers = server, person.name, person.id, "", {}
        answer = self.post("auth/login/", login)
        self.token = answer["access"]
        self.headers = {"Authorization": f"Bearer {self.token}"}
