"""Typing: a list that replaces the one before, without the reader, gone after six seconds, never in the database."""

import asyncio
import time

from messaging.realtime.subscriber import SYNC_GRACE


async def test_the_list_is_replaced_and_never_names_its_reader(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)

    async with alice.socket() as hers, bob.socket() as his, carol.socket() as other:
        await hers.ask("typing.start", conversation_id=group)
        await other.until(lambda: names(other) == [alice.name])
        await his.ask("typing.start", conversation_id=group)
        await other.until(lambda: names(other) == [alice.name, bob.name])
        await hers.until(lambda: names(hers) == [bob.name])
        await his.until(lambda: names(his) == [alice.name])
        await hers.ask("typing.stop", conversation_id=group)
        await other.until(lambda: names(other) == [bob.name])
        await his.say(group, "Done")
        await other.until(lambda: names(other) == [])
        assert all(alice.name not in [u["username"] for u in f["data"]["users"]] for f in hers.of("typing.updated"))


def names(socket) -> list[str] | None:
    updates = socket.of("typing.updated")
    return sorted(user["username"] for user in updates[-1]["data"]["users"]) if updates else None


async def test_typing_is_published_once_and_ends_by_itself(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    head = alice.row(group)["seq"]

    async with alice.socket() as hers, bob.socket() as his:
        for _ in range(50):
            await hers.ask("typing.start", conversation_id=group)
        await his.expect("typing.updated")
        began = time.monotonic()
        assert len(his.of("typing.updated")) == 1
        async with bob.socket() as late:
            await late.until(lambda: names(late) == [alice.name])
        await his.until(lambda: names(his) == [])
        assert 5 < time.monotonic() - began < 8

    assert alice.row(group)["seq"] == head


async def test_typing_that_is_not_shared_is_not_published(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    alice.call("PATCH", "users/me/", json={"settings": {"typing": False}})

    async with alice.socket() as hers, bob.socket() as his:
        assert (await hers.ask("typing.start", conversation_id=group))["ok"]
        assert (await hers.ask("typing.stop", conversation_id=group))["ok"]
        await his.quiet()
        assert his.of("typing.updated") == []

        await asyncio.to_thread(alice.call, "PATCH", "users/me/", json={"settings": {"typing": True}})
        async with alice.socket() as again:
            await again.ask("typing.start", conversation_id=group)
            await his.until(lambda: names(his) == [alice.name])


async def test_a_socket_that_is_just_being_subscribed_may_type(signed_up) -> None:
    """A quarter of a second after `hello` a socket is subscribed, and of a busy conversation the log is read first."""
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    groups = [alice.group(bob) for _ in range(20)]
    async with alice.socket() as hers:
        for later in (0, 0.01, 0.02, 0.03, 0.04):
            async with bob.socket() as his:
                begin = asyncio.get_running_loop().time() + SYNC_GRACE + later
                await asyncio.gather(*(hers.say(group, "Busy") for group in groups))
                await asyncio.sleep(begin - asyncio.get_running_loop().time())
                replies = await asyncio.gather(*(his.ask("typing.start", conversation_id=group) for group in groups))
                assert [reply for reply in replies if not reply["ok"]] == []
    async with carol.socket() as other:
        assert (await other.ask("typing.start", conversation_id=groups[0]))["error"]["code"] == "not_found"


async def test_a_member_who_was_just_added_may_type(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    async with alice.socket() as hers, bob.socket() as his:
        await his.quiet()
        for _ in range(5):
            group = await asyncio.to_thread(alice.group, bob)
            assert (await hers.ask("typing.start", conversation_id=group))["ok"]
            await his.until(lambda g=group: [f for f in his.of("conversation.added") if f["conversation_id"] == g])
            assert (await his.ask("typing.start", conversation_id=group))["ok"]
