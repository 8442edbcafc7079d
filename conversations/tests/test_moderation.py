"""olga moderates a conversation that she is not in: the members see the changes at once, but not her name."""

import asyncio

from messaging.tests.client import Person

LIKE = "\N{THUMBS UP SIGN}"


def moderate(operator: Person, conversation: str, **changes: object) -> str:
    return operator.code("PATCH", f"moderation/conversations/{conversation}/", changes)


async def test_freezing_is_published_and_nothing_can_be_written_until_the_thaw(signed_up, operator) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = bob.write(group)
    message = f"messages/{sent['id']}/"

    async with alice.socket() as hers, bob.socket() as his:
        assert await asyncio.to_thread(moderate, operator, group, is_frozen=True, reason="A quarrel") == "ok"
        received = await his.expect("conversation.updated")
        refused = await hers.ask("message.send", conversation_id=group, content="Hello?")
        assert await asyncio.to_thread(moderate, operator, group, is_frozen=False) == "ok"
        await his.until(lambda: len(his.of("conversation.updated")) == 2)
        await hers.say(group, "Hello!")

    assert received["data"]["conversation"]["is_frozen"] is True
    assert received["data"]["actor_id"] is None
    assert refused["error"]["code"] == "read_only"
    assert "frozen" in refused["error"]["detail"]
    assert his.of("conversation.updated")[1]["data"]["conversation"]["is_frozen"] is False
    assert bob.code("PUT", f"{message}reactions/{LIKE}/") == "ok"


def test_reactions_and_pins_stay_as_they_were_while_frozen(signed_up, operator) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]
    sent = bob.write(direct)
    message = f"messages/{sent['id']}/"
    assert bob.code("PUT", f"{message}reactions/{LIKE}/") == "ok"
    assert moderate(operator, direct, is_frozen=True) == "ok"
    before = bob.get(f"conversations/{direct}/log/")

    codes = {
        bob.code("PATCH", message, {"content": "Something else"}),
        bob.code("DELETE", message),
        bob.code("DELETE", f"{message}reactions/{LIKE}/"),
        bob.code("PUT", f"{message}pin/"),
        bob.code("PATCH", f"conversations/{direct}/members/me/", {"nickname": "Bobby"}),
        bob.code("POST", f"conversations/{direct}/messages/", {"content": "Hello"}),
    }

    assert codes == {"read_only"}
    assert bob.get(f"conversations/{direct}/log/") == before
    assert bob.row(direct)["capabilities"] == []
    assert bob.code("POST", f"conversations/{direct}/read/", {"seq": 1}) == "ok"


def test_a_frozen_channel_can_be_left_but_not_joined(signed_up, operator) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    channel = alice.post("conversations/", {"kind": "channel", "name": "News"})["id"]
    token = alice.post(f"conversations/{channel}/invites/")["token"]
    assert bob.code("POST", f"conversations/{channel}/join/") == "ok"
    assert moderate(operator, channel, is_frozen=True) == "ok"

    assert carol.code("POST", f"conversations/{channel}/join/") == "read_only"
    assert carol.code("POST", f"invites/{token}/accept/") == "read_only"
    assert bob.code("POST", f"conversations/{channel}/join/") == "ok", "is in it already"
    assert bob.code("DELETE", f"conversations/{channel}/members/me/") == "ok"


async def test_an_operator_changes_owner_name_and_slow_mode(signed_up, operator) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)

    async with bob.socket() as his:
        changes = {"owner_id": bob.id, "name": " Calm ", "slow_mode_seconds": 60, "is_read_only": True}
        assert await asyncio.to_thread(moderate, operator, group, **changes) == "ok"
        await his.until(lambda: len(his.of("member.updated")) == 2)
        received = await his.expect("conversation.updated")

    assert [(f["data"]["member"]["user"]["id"], f["data"]["member"]["role"]) for f in his.of("member.updated")] == [
        (bob.id, "owner"),
        (alice.id, "admin"),
    ]
    found = received["data"]["conversation"]
    assert (found["name"], found["slow_mode_seconds"], found["is_read_only"]) == ("Calm", 60, True)
    head = bob.row(group)["seq"]
    assert moderate(operator, group, **changes) == "ok"
    assert bob.row(group)["seq"] == head, "a change to the same values writes no log entry"
    assert moderate(operator, group, owner_id=carol.id) == "invalid"
    assert moderate(operator, group, name=" ") == "invalid"


def test_a_direct_conversation_can_only_be_frozen(signed_up, operator) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]

    for changes in ({"name": "Us"}, {"is_read_only": True}, {"slow_mode_seconds": 5}, {"owner_id": bob.id}):
        assert moderate(operator, direct, **changes) == "invalid"
    assert bob.code("POST", f"conversations/{direct}/messages/", {"content": "Hello"}) == "ok"


def test_the_owner_of_a_frozen_group_still_sees_bans_and_invites(signed_up, operator) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)
    bans, invites = f"conversations/{group}/bans/", f"conversations/{group}/invites/"
    assert alice.code("POST", bans, {"user_id": carol.id}) == "ok"
    assert alice.code("POST", invites, {}) == "ok"
    assert moderate(operator, group, is_frozen=True) == "ok"

    assert [one["user"]["id"] for one in alice.get(bans)["results"]] == [carol.id]
    assert len(alice.get(invites)["results"]) == 1
    assert [bob.code("GET", path) for path in (bans, invites)] == ["permission_denied"] * 2
    assert [alice.code("POST", path, {"user_id": bob.id}) for path in (bans, invites)] == ["read_only"] * 2
