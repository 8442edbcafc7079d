"""Typing over HTTP: for clients without a socket, seen by clients with one."""

import asyncio

from messaging.tests.client import Person


def set_typing(one: Person, conversation: str, is_typing: bool = True) -> None:
    answer = one.call("POST", f"conversations/{conversation}/typing/", json={"is_typing": is_typing})
    assert answer.status_code == 204, answer.text


def typing_names(one: Person, conversation: str) -> list[str]:
    return [user["username"] for user in one.get(f"conversations/{conversation}/typing/")["users"]]


async def test_typing_is_delivered_and_listed_until_it_stops(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)

    async with alice.socket() as hers, bob.socket() as his:
        await asyncio.to_thread(set_typing, bob, group)
        update = await hers.expect("typing.updated")
        assert await asyncio.to_thread(typing_names, carol, group) == [bob.name]
        assert await asyncio.to_thread(typing_names, bob, group) == []
        await asyncio.to_thread(set_typing, bob, group, False)
        await hers.expect("typing.updated", users=[])
        await his.quiet()

    assert update["data"]["users"] == [{"id": bob.id, "username": bob.name}]
    assert update["conversation_id"] == group
    assert [f for f in his.of("typing.updated") if f["data"]["users"]] == []
    assert typing_names(carol, group) == []


async def test_who_types_on_a_socket_is_listed_too(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with bob.socket() as his:
        await his.ask("typing.start", conversation_id=group)
        await until_listed(alice, group, [bob.name])
        await his.say(group, "Done")
        await until_listed(alice, group, [])


async def until_listed(one: Person, conversation: str, names: list[str]) -> None:
    async with asyncio.timeout(3):
        while await asyncio.to_thread(typing_names, one, conversation) != names:
            await asyncio.sleep(0.02)


async def test_repeated_typing_is_published_once(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with alice.socket() as hers:
        for _ in range(5):
            await asyncio.to_thread(set_typing, bob, group)
        await hers.expect("typing.updated")
        await hers.quiet()
        assert len(hers.of("typing.updated")) == 1

        await asyncio.to_thread(set_typing, bob, group, False)
        await hers.until(lambda: hers.of("typing.updated")[-1]["data"]["users"] == [])
        await asyncio.to_thread(set_typing, bob, group)
        await hers.until(lambda: hers.of("typing.updated")[-1]["data"]["users"])
        for _ in range(5):
            await asyncio.to_thread(set_typing, bob, group, False)
        await hers.until(lambda: hers.of("typing.updated")[-1]["data"]["users"] == [])
        await hers.quiet()

    assert len(hers.of("typing.updated")) == 4


async def test_it_is_forgotten_after_six_seconds(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    async with alice.socket() as hers:
        await asyncio.to_thread(set_typing, bob, group)
        await hers.expect("typing.updated")
        await hers.expect("typing.updated", users=[])

    assert typing_names(alice, group) == []


def test_an_outsider_neither_types_nor_sees_who_does(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    set_typing(bob, group)

    assert carol.code("GET", f"conversations/{group}/typing/") == "not_found"
    assert carol.code("POST", f"conversations/{group}/typing/", {"is_typing": True}) == "not_found"
    assert typing_names(alice, group) == [bob.name]
    assert alice.code("POST", f"conversations/{group}/typing/", {"is_typing": "yes"}) == "invalid"


async def test_neither_of_two_who_block_one_another_sees_the_other(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)
    alice.call("PUT", f"users/{bob.id}/block/")

    async with alice.socket() as hers, bob.socket() as his, carol.socket() as other:
        await asyncio.to_thread(set_typing, bob, group)
        await asyncio.to_thread(set_typing, alice, group)
        await other.until(lambda: [f for f in other.of("typing.updated") if len(f["data"]["users"]) == 2])
        assert (
            await asyncio.to_thread(typing_names, alice, group)
            == await asyncio.to_thread(typing_names, bob, group)
            == []
        )
        assert sorted(await asyncio.to_thread(typing_names, carol, group)) == sorted([alice.name, bob.name])
        await hers.quiet()
        await his.quiet()

    assert [f for f in hers.of("typing.updated") + his.of("typing.updated") if f["data"]["users"]] == []


def test_typing_that_is_not_shared_is_not_listed(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    bob.call("PATCH", "users/me/", json={"settings": {"typing": False}})
    set_typing(bob, group)

    assert typing_names(alice, group) == []
