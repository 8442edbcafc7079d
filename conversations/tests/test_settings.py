"""Read-only and slow mode hold for members at every endpoint, but not for admins."""

import asyncio

import pytest

from chatproject.tests.server import until
from messaging.tests.client import Person

LIKE = "\N{THUMBS UP SIGN}"


@pytest.fixture
def setting(signed_up) -> tuple[Person, Person, Person, str]:
    """A group that alice owns, with olga as admin and bob as member."""
    alice, bob, olga = signed_up("alice"), signed_up("bob"), signed_up("olga")
    group = alice.group(bob, olga)
    alice.call("PATCH", f"conversations/{group}/members/{olga.id}/", json={"role": "admin"})
    return alice, bob, olga, group


def settle(alice: Person, conversation: str, **changes: object) -> None:
    assert alice.call("PATCH", f"conversations/{conversation}/", json=changes).status_code == 200


async def test_settings_are_published_and_shown(setting) -> None:
    alice, bob, _, group = setting

    async with bob.socket() as his:
        await asyncio.to_thread(settle, alice, group, is_read_only=True, slow_mode_seconds=30)
        received = await his.expect("conversation.updated")

    for shown in (received["data"]["conversation"], bob.row(group)):
        assert (shown["is_read_only"], shown["slow_mode_seconds"]) == (True, 30)
    assert not {"send_message", "react"} & set(bob.row(group)["capabilities"])
    assert {"send_message", "react"} <= set(alice.row(group)["capabilities"])
    before = alice.row(group)["seq"]
    settle(alice, group, is_read_only=True)
    assert alice.row(group)["seq"] == before
    for change in (
        {"slow_mode_seconds": -1},
        {"slow_mode_seconds": 21_601},
        {"is_read_only": None},
        {"is_read_only": 1},
    ):
        assert alice.code("PATCH", f"conversations/{group}/", change) == "invalid", change
    assert bob.code("PATCH", f"conversations/{group}/", {"is_read_only": False}) == "permission_denied"


async def test_members_cannot_write_in_a_read_only_conversation_at_any_endpoint(setting) -> None:
    alice, bob, olga, group = setting
    mine, hers = bob.write(group, "Before"), alice.write(group, "Notice")
    settle(alice, group, is_read_only=True)

    async with bob.socket() as his, olga.socket() as other:
        sent = await his.ask("message.send", conversation_id=group, content="Hm")
        edited = await his.ask("message.edit", message_id=mine["id"], content="Hm")
        reacted = await his.ask("reaction.add", message_id=hers["id"], emoji=LIKE)
        assert (await other.say(group, "As admin"))["seq"]
        await his.expect("message.created")
    codes = [
        bob.code("POST", f"conversations/{group}/messages/", {"content": "Hm"}),
        bob.code("PATCH", f"messages/{mine['id']}/", {"content": "Hm"}),
        bob.code("PUT", f"messages/{hers['id']}/reactions/{LIKE}/"),
    ]

    assert [reply["error"]["code"] for reply in (sent, edited, reacted)] == codes == ["read_only"] * 3
    assert alice.write(group, "As owner")["seq"]
    assert olga.code("PUT", f"messages/{hers['id']}/reactions/{LIKE}/") == "ok"
    assert bob.code("DELETE", f"messages/{mine['id']}/") == "ok"
    settle(alice, group, is_read_only=False)
    assert bob.write(group, "After")["seq"]


def test_a_retry_of_an_earlier_message_still_gets_its_answer(setting) -> None:
    alice, bob, _, group = setting
    first = bob.write(group, "Before", client_id="once")
    settle(alice, group, is_read_only=True, slow_mode_seconds=60)

    assert bob.write(group, "Before", client_id="once")["id"] == first["id"]


async def test_slow_mode_says_how_long_to_wait_over_http_and_socket(setting) -> None:
    alice, bob, olga, group = setting
    settle(alice, group, slow_mode_seconds=60)
    assert bob.write(group, "One")["seq"]

    answer = bob.call("POST", f"conversations/{group}/messages/", json={"content": "Two"})
    async with bob.socket() as his:
        reply = await his.ask("message.send", conversation_id=group, content="Two")

    assert (answer.status_code, answer.json()["code"], reply["error"]["code"]) == (429, "slow_mode", "slow_mode")
    assert 50 < int(answer.headers["Retry-After"]) <= 60
    assert 50 < reply["error"]["retry_after"] <= 60
    for one in (alice, olga):
        assert [one.write(group)["seq"] > 0 for _ in range(2)] == [True, True]
    assert bob.write(bob.group(), "Elsewhere")["seq"]
    settle(alice, group, slow_mode_seconds=0)
    assert [bob.write(group)["seq"] > 0 for _ in range(2)] == [True, True]


def test_after_the_wait_the_next_message_is_sent(setting) -> None:
    alice, bob, _, group = setting
    settle(alice, group, slow_mode_seconds=3)
    assert bob.write(group, "One")["seq"]
    assert bob.code("POST", f"conversations/{group}/messages/", {"content": "Two"}) == "slow_mode"
    until(lambda: bob.code("POST", f"conversations/{group}/messages/", {"content": "Two"}) == "ok")


async def test_of_many_simultaneous_messages_one_is_sent(setting) -> None:
    alice, bob, _, group = setting
    settle(alice, group, slow_mode_seconds=60)

    async with bob.socket() as his:
        for n in range(20):
            await his.frame({"type": "message.send", "id": n, "data": {"conversation_id": group, "content": f"{n}"}})
        await his.until(lambda: all(n in his.replies for n in range(20)))

    assert [reply["ok"] for reply in his.replies.values()].count(True) == 2, "the sign-in and one message"
    assert len(alice.history(group)) == 1


def test_leaving_and_joining_again_does_not_shorten_the_wait(setting) -> None:
    alice, bob, _, group = setting
    settle(alice, group, slow_mode_seconds=60)
    bob.write(group, "One")
    bob.call("DELETE", f"conversations/{group}/members/me/")
    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})

    assert bob.code("POST", f"conversations/{group}/messages/", {"content": "Two"}) == "slow_mode"


def test_a_direct_conversation_has_neither(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]

    for changes in ({"is_read_only": True}, {"slow_mode_seconds": 60}, {"name": "Us"}):
        assert alice.code("PATCH", f"conversations/{direct}/", changes) == "permission_denied"
