"""A moderator silences bob for a time: he can read, but not write at any endpoint."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from chatproject.tests.server import until
from messaging.tests.client import Person

LIKE = "\N{THUMBS UP SIGN}"
LATER = "2099-01-01T00:00:00.000000Z"


@pytest.fixture
def setting(signed_up) -> tuple[Person, Person, str]:
    """alice owns it, bob is a member."""
    alice, bob = signed_up("alice"), signed_up("bob")
    return alice, bob, alice.group(bob)


def silence(one: Person, other: Person, conversation: str, until: str | None = LATER) -> str:
    return one.code("PATCH", f"conversations/{conversation}/members/{other.id}/", {"silenced_until": until})


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_silencing_is_published_and_shown(setting) -> None:
    alice, bob, group = setting

    async with bob.socket() as his:
        assert await asyncio.to_thread(silence, alice, bob, group) == "ok"
        received = await his.expect("member.updated")

    assert received["data"]["member"]["silenced_until"] == LATER
    assert (received["data"]["actor_id"], received["data"]["changed"]) == (alice.id, "silenced_until")
    assert alice.get(f"conversations/{group}/log/?after={received['seq'] - 1}")["entries"] == [received]
    row = bob.row(group)
    assert row["membership"]["silenced_until"] == LATER
    assert row["capabilities"] == ["leave"]
    shown = {m["user"]["id"]: m["silenced_until"] for m in bob.get(f"conversations/{group}/members/")["results"]}
    assert shown == {alice.id: None, bob.id: LATER}


async def test_a_silenced_member_cannot_write_at_any_endpoint(setting) -> None:
    alice, bob, group = setting
    mine, hers = bob.write(group, "Before"), alice.write(group, "Well")
    assert bob.code("PUT", f"messages/{hers['id']}/reactions/{LIKE}/") == "ok"
    silence(alice, bob, group)
    head = alice.row(group)["seq"]

    async with bob.socket() as his:
        refused = [
            await his.ask("message.send", conversation_id=group, content="Hm"),
            await his.ask("message.send", conversation_id=group, content="Hm", thread_id=hers["id"]),
            await his.ask("message.edit", message_id=mine["id"], content="Hm"),
            await his.ask("reaction.add", message_id=hers["id"], emoji="\N{PARTY POPPER}"),
        ]
    answers = [
        bob.call("POST", f"conversations/{group}/messages/", json={"content": "Hm"}),
        bob.call("POST", f"conversations/{group}/messages/", json={"content": "Hm", "thread_id": hers["id"]}),
        bob.call("PATCH", f"messages/{mine['id']}/", json={"content": "Hm"}),
        bob.call("PUT", f"messages/{hers['id']}/reactions/\N{PARTY POPPER}/"),
    ]

    assert {answer.status_code for answer in answers} == {403}
    for error in [reply["error"] for reply in refused] + [answer.json() for answer in answers]:
        assert error["code"] == "read_only"
        assert "until 2099-01-01 00:00 UTC" in error["detail"]
        assert error["retry_after"] > 86_400
    assert alice.row(group)["seq"] == head
    assert bob.code("DELETE", f"messages/{hers['id']}/reactions/{LIKE}/") == "ok"
    assert bob.code("DELETE", f"messages/{mine['id']}/") == "ok"
    assert bob.write(bob.group(), "Elsewhere")["seq"]


def test_a_retry_of_an_earlier_message_still_gets_its_answer(setting) -> None:
    alice, bob, group = setting
    first = bob.write(group, "Before", client_id="once")
    silence(alice, bob, group)

    assert bob.write(group, "Before", client_id="once")["id"] == first["id"]


def test_silence_ends_by_itself_or_is_lifted(setting) -> None:
    alice, bob, group = setting
    assert silence(alice, bob, group, soon(3)) == "ok"
    assert bob.code("POST", f"conversations/{group}/messages/", {"content": "Hm"}) == "read_only"
    until(lambda: "send_message" in bob.row(group)["capabilities"])
    assert bob.write(group, "After")["seq"]

    silence(alice, bob, group)
    assert bob.code("POST", f"conversations/{group}/messages/", {"content": "Hm"}) == "read_only"
    assert silence(alice, bob, group, None) == "ok"
    assert bob.row(group)["membership"]["silenced_until"] is None
    assert bob.write(group, "After all")["seq"]


def test_neither_joining_again_nor_another_role_ends_it(setting) -> None:
    alice, bob, group = setting
    silence(alice, bob, group)
    bob.call("DELETE", f"conversations/{group}/members/me/")
    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})
    assert bob.code("POST", f"conversations/{group}/messages/", {"content": "Hm"}) == "read_only"

    alice.call("PATCH", f"conversations/{group}/members/{bob.id}/", json={"role": "admin"})

    assert bob.code("POST", f"conversations/{group}/messages/", {"content": "Hm"}) == "read_only"
    assert bob.code("PATCH", f"conversations/{group}/members/me/", {"silenced_until": None}) == "invalid"


def test_repeating_writes_no_log_entry(setting) -> None:
    alice, bob, group = setting
    before = alice.row(group)["seq"]

    assert [silence(alice, bob, group) for _ in range(3)] == ["ok"] * 3

    assert alice.row(group)["seq"] == before + 1


def test_invalid_silences_are_refused(setting, signed_up) -> None:
    alice, bob, group = setting
    path = f"conversations/{group}/members/{bob.id}/"
    before = alice.row(group)["seq"]

    for end in (soon(-1), "2099-01-01T00:00:00", "soon", 7, "9999-12-31T23:59:59-10:00"):
        assert alice.code("PATCH", path, {"silenced_until": end}) == "invalid", end
    assert alice.code("PATCH", path, {"silenced_until": LATER, "role": "admin"}) == "invalid"
    assert silence(alice, alice, group) == "invalid"
    assert silence(alice, signed_up("carol"), group) == "not_found"
    assert silence(bob, bob, group, None) == "permission_denied"
    assert alice.row(group)["seq"] == before

    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]
    assert silence(alice, bob, direct) == "permission_denied"
