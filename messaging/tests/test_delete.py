"""Deleting a message is permanent and for everyone. Only a tombstone without text remains."""

import asyncio
import json

SECRET = "canary-7f3a"


async def test_a_deleted_text_is_not_shown_anywhere(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group, SECRET, metadata={"note": SECRET})
    alice.call("PATCH", f"messages/{sent['id']}/", json={"content": f"{SECRET} edited"})
    bob.write(group, "Indeed", reply_to_id=sent["id"])
    shown = everything(bob, group)
    assert shown.count(SECRET) > 8

    async with bob.socket() as his:
        assert (await asyncio.to_thread(alice.call, "DELETE", f"messages/{sent['id']}/")).status_code == 204
        received = await his.expect("message.deleted")
        await his.ask("sync", epoch=his.of("hello")[0]["data"]["epoch"], positions={group: 0})
        await his.expect("sync.complete")

    assert received["data"]["message"]["is_deleted"]
    assert received["data"]["message"]["content"] == ""
    assert SECRET not in json.dumps(his.received)
    assert SECRET not in everything(bob, group) + everything(alice, group)
    assert [m["is_deleted"] for m in bob.history(group)] == [True, False]
    bare = dict.fromkeys(("sender", "content", "content_type"))
    assert bob.history(group)[1]["reply_to"] == {"id": sent["id"], "seq": sent["seq"], **bare}


def everything(person, group: str) -> str:
    """All that a member can read of a conversation over HTTP."""
    epoch = person.get("sync/")["epoch"]
    return json.dumps(
        [
            person.history(group),
            person.get(f"conversations/{group}/log/"),
            person.get("sync/"),
            person.post("sync/", {"epoch": epoch, "positions": {group: 0}}),
            person.get("conversations/"),
            [person.get(f"messages/{message['id']}/") for message in person.history(group)],
        ]
    )


async def test_a_deleted_message_takes_no_actions_and_deleting_again_is_harmless(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group, "Oops", client_id="once")

    async with alice.socket() as mine, bob.socket() as his:
        assert (await mine.ask("message.delete", message_id=sent["id"]))["ok"]
        again = await mine.ask("message.delete", message_id=sent["id"])
        edited = await mine.ask("message.edit", message_id=sent["id"], content="No")
        await his.quiet()

    assert again["ok"]
    assert edited["error"]["code"] == "not_found"
    assert len(his.of("message.deleted")) == 1
    assert alice.code("DELETE", f"messages/{sent['id']}/") == "ok"
    assert alice.code("PATCH", f"messages/{sent['id']}/", {"content": "No"}) == "not_found"
    assert alice.get(f"messages/{sent['id']}/")["is_deleted"]
    retried = alice.call("POST", f"conversations/{group}/messages/", json={"content": "Oops", "client_id": "once"})
    assert (retried.status_code, retried.json()["is_deleted"], retried.json()["content"]) == (200, True, "")
    assert alice.row(group)["seq"] == sent["seq"] + 1
    assert (
        bob.code("POST", f"conversations/{group}/messages/", {"content": "x", "reply_to_id": sent["id"]}) == "invalid"
    )


REACH = {
    ("owner", "admin"): "ok",
    ("owner", "member"): "ok",
    ("owner", "owner"): "ok",
    ("admin", "member"): "ok",
    ("admin", "admin"): "permission_denied",
    ("admin", "owner"): "permission_denied",
    ("member", "member"): "permission_denied",
    ("stranger", "member"): "not_found",
    ("admin", "left"): "ok",
}
"""Who deletes whose message → what comes of it."""


def test_moderators_delete_messages_of_lower_roles(signed_up) -> None:
    names = ("owner", "admin", "member", "left")
    people, others = ({name: signed_up(name) for name in names} for _ in range(2))
    owner, people["stranger"] = people["owner"], signed_up("carol")
    group = owner.group(*others.values(), people["admin"], people["member"])
    for role, one in (("admin", people), ("admin", others), ("owner", others)):
        owner.call("PATCH", f"conversations/{group}/members/{one[role].id}/", json={"role": role})

    for (actor, sender), code in REACH.items():
        sent = others[sender].write(group, "Hello")
        if sender == "left":
            others[sender].call("DELETE", f"conversations/{group}/members/me/")
        assert people[actor].code("DELETE", f"messages/{sent['id']}/") == code, (actor, sender)
        assert owner.get(f"messages/{sent['id']}/")["is_deleted"] is (code == "ok")
        assert owner.code("DELETE", f"messages/{sent['id']}/") == "ok"


async def test_a_deletion_wins_over_a_simultaneous_edit(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = [alice.write(group, SECRET) for _ in range(20)]

    async with bob.socket() as his:
        actions = []
        for message in sent:
            path = f"messages/{message['id']}/"
            actions += [
                asyncio.to_thread(alice.code, "PATCH", path, {"content": f"{SECRET}!"}),
                asyncio.to_thread(alice.code, "DELETE", path),
            ]
        codes = await asyncio.gather(*actions)
        await his.until(lambda: len(his.of("message.deleted")) == 20)

    assert set(codes[::2]) <= {"ok", "not_found"}
    assert set(codes[1::2]) == {"ok"}
    assert SECRET not in everything(bob, group)
    last = {frame["data"]["message"]["id"]: frame["type"] for frame in his.received if "message" in frame["data"]}
    assert set(last.values()) == {"message.deleted"}
