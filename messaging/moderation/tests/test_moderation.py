"""olga's decisions take effect at once on every open socket concerned, and filters hold there too."""

import asyncio
import secrets

from messaging.tests.client import Person, Socket


async def decided(operator: Person, report: str, decision: str, **more: object) -> dict:
    body = {"decision": decision, **more}
    return await asyncio.to_thread(operator.post, f"moderation/reports/{report}/decide/", body)


def notices(socket: Socket) -> list[dict]:
    return [event["data"]["notification"] for event in socket.of("notification.created")]


async def notice(socket: Socket, kind: str) -> dict:
    """The first of this kind; the worker may tell of messages meanwhile."""
    await socket.until(lambda: kind in [one["kind"] for one in notices(socket)])
    return next(one for one in notices(socket) if one["kind"] == kind)


async def test_deleting_a_reported_message_notifies_the_reporter_and_the_sender(signed_up, operator) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)
    sent = bob.write(group, "Buy my watches")
    report = alice.post(f"messages/{sent['id']}/report/", {"reason": "spam"})["id"]

    async with alice.socket() as hers, bob.socket() as his, carol.socket() as others:
        assert (await decided(operator, report, "message_deleted", reason="No adverts"))[
            "decision"
        ] == "message_deleted"
        gone = await others.expect("message.deleted")
        told, warned = await notice(hers, "report"), await notice(his, "warning")
        await others.quiet()

    assert gone["data"]["message"]["id"] == sent["id"]
    assert gone["data"]["message"]["is_deleted"] is True
    assert told["data"] == {"decision": "upheld"}
    assert (warned["actor"], warned["data"]) == (
        None,
        {"decision": "message_deleted", "reason": "No adverts", "until": None},
    )
    assert {one["kind"] for one in notices(others)} <= {"message"}


async def test_a_removed_member_receives_nothing_more_and_a_banned_user_is_disconnected(signed_up, operator) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = bob.group(alice)
    sent = bob.write(group)
    removed = alice.post(f"messages/{sent['id']}/report/", {"reason": "abuse"})["id"]
    banned = alice.post(f"users/{bob.id}/report/", {"reason": "abuse"})["id"]

    async with alice.socket() as hers, bob.socket() as his:
        await decided(operator, removed, "removed")
        handed = await hers.expect("member.updated")
        gone = await hers.expect("member.removed")
        await his.leaves(group)
        await decided(operator, banned, "banned", reason="Again")
        assert await his.closed() == 4401

    assert (handed["data"]["member"]["user"]["id"], handed["data"]["member"]["role"]) == (alice.id, "owner")
    assert gone["data"]["actor_id"] is None
    answer = bob.call("POST", "auth/login/", json={"login": bob.name, "password": "correct horse 7"})
    assert answer.json()["code"] == "account_suspended"


async def test_a_filter_refuses_over_http_and_socket(signed_up, operator) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    word = f"w{secrets.token_hex(4)}"
    made = operator.post("moderation/filters/", {"kind": "word", "pattern": word, "action": "block"})

    async with bob.socket() as his, alice.socket() as hers:
        await asyncio.sleep(2.1)  # another process than the one that was asked looks again by then
        refused = await his.ask("message.send", conversation_id=group, content=f"The {word.upper()}")
        over_http = await asyncio.to_thread(bob.code, "POST", f"conversations/{group}/messages/", {"content": word})
        await his.say(group, "Nothing")
        await hers.expect("message.created")

    assert refused["error"]["code"] == over_http == "content_refused"
    assert [message["content"] for message in alice.history(group)] == ["Nothing"]
    assert operator.call("DELETE", f"moderation/filters/{made['id']}/").status_code == 204
