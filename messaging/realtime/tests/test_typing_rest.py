"""Typing over HTTP: for clients without a socket, heard by those with one."""

import asyncio

from messaging.tests.client import Person


def types(one: Person, conversation: str, is_typing: bool = True) -> None:
    answer = one.call("POST", f"conversations/{conversation}/typing/", json={"is_typing": is_typing})
    assert answer.status_code == 204, answer.text


def typing(one: Person, conversation: str) -> list[str]:
    return [user["username"] for user in one.get(f"conversations/{conversation}/typing/")["users"]]


async def test_typing_is_heard_and_listed_until_it_stops(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)

    async with alice.socket() as hers, bob.socket() as his:
        await asyncio.to_thread(types, bob, group)
        heard = await hers.expect("typing.updated")
        assert await asyncio.to_thread(typing, carol, group) == [bob.name]
        assert await asyncio.to_thread(typing, bob, group) == []
        await asyncio.to_thread(types, bob, group, False)
        await hers.expect("typing.updated", users=[])
        await his.quiet()

    assert heard["data"]["users"] == [{"id": bob.id, "username": bob.name}]
    assert heard["conversation_id"] == group
    assert [f for f in his.of("typing.updated") if f["data"]["users"]] == []
    assert typing(carol, group) == []


async def test_who_types_on_a_socket_is_listed_too(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)

    async with bob.socket() as his:
        await his.ask("typing.start", conversation_id=group)
        await until_listed(alice, group, [bob.name])
        await his.say(group, "Done")
        await until_listed(alice, group, [])


async def until_listed(one: Person, conversation: str, names: list[str]) -> None:
    async with asyncio.timeout(3):
        while await asyncio.to_thread(typing, one, conversation) != names:
            await asyncio.sleep(0.02)


async def test_saying_it_often_is_told_once(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)

    async with alice.socket() as hers:
        for _ in range(5):
            await asyncio.to_thread(types, bob, group)
        await hers.expect("typing.updated")
        await hers.quiet()
        assert len(hers.of("typing.updated")) == 1

        await asyncio.to_thread(types, bob, group, False)
        await hers.until(lambda: hers.of("typing.updated")[-1]["data"]["users"] == [])
        await asyncio.to_thread(types, bob, group)
        await hers.until(lambda: hers.of("typing.updated")[-1]["data"]["users"])
        for _ in range(5):
            await asyncio.to_thread(types, bob, group, False)
        await hers.until(lambda: hers.of("typing.updated")[-1]["data"]["users"] == [])
        await hers.quiet()

    assert len(hers.of("typing.updated")) == 4


async def test_it_is_forgotten_after_six_seconds(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)

    async with alice.socket() as hers:
        await asyncio.to_thread(types, bob, group)
        await hers.expect("typing.updated")
        await hers.expect("typing.updated", users=[])

    assert typing(alice, group) == []


def test_an_outsider_neither_types_nor_sees_who_does(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob)
    types(bob, group)

    assert carol.code("GET", f"conversations/{group}/typing/") == "not_found"
    assert carol.code("POST", f"conversations/{group}/typing/", {"is_typing": True}) == "not_found"
    assert typing(alice, group) == [bob.name]
    assert alice.code("POST", f"conversations/{group}/typing/", {"is_typing": "yes"}) == "invalid"


async def test_neither_of_two_who_block_one_another_sees_the_other(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    alice.call("PUT", f"users/{bob.id}/block/")

    async with alice.socket() as hers, bob.socket() as his, carol.socket() as other:
        await asyncio.to_thread(types, bob, group)
        await asyncio.to_thread(types, alice, group)
        await other.until(lambda: [f for f in other.of("typing.updated") if len(f["data"]["users"]) == 2])
        assert await asyncio.to_thread(typing, alice, group) == await asyncio.to_thread(typing, bob, group) == []
        assert sorted(await asyncio.to_thread(typing, carol, group)) == sorted([alice.name, bob.name])
        await hers.quiet()
        await his.quiet()

    assert [f for f in hers.of("typing.updated") + his.of("typing.updated") if f["data"]["users"]] == []


def test_who_does_not_show_it_is_not_listed(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    bob.call("PATCH", "users/me/", json={"settings": {"typing": False}})
    types(bob, group)

    assert typing(alice, group) == []
