"""Threads: a message counts its replies, and each user has a read mark in the thread."""

import asyncio
import uuid
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest

from accounts import services as people
from conversations.models import Conversation
from conversations.services import create_channel
from messaging.wire.writing import NewMessage
from messaging.writing.batch import Batch
from messaging.writing.outgoing import Outgoing
from messaging.writing.store import open_store


def reply(person, root: dict, content: str = "Reply", **more) -> dict:
    return person.write(root["conversation_id"], content, thread_id=root["id"], **more)


def thread(person, root: dict, query: str = "") -> dict:
    return person.get(f"messages/{root['id']}/replies/{query}")


def told_of_nothing(person, group: str) -> None:
    """Else the worker tells them, too, and the notices come in between."""
    person.call("PATCH", f"conversations/{group}/members/me/", json={"notify": "none"}).raise_for_status()


async def test_replies_are_published_and_counted_by_their_root(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    root = alice.write(group, "Root")

    async with alice.socket() as hers, bob.socket() as his:
        by_socket = await his.say(group, "One", thread_id=root["id"])
        await hers.expect("message.updated")
        by_http = await asyncio.to_thread(reply, alice, root, "Two", reply_to_id=by_socket["id"])
        for socket in (hers, his):
            await socket.until(lambda s=socket: len(s.of("message.updated")) == 2)

    assert [(f["type"], f["data"]["message"]["content"]) for f in hers.received if "seq" in f] == [
        ("message.created", "One"),
        ("message.updated", "Root"),
        ("message.created", "Two"),
        ("message.updated", "Root"),
    ]
    assert hers.seqs(group) == his.seqs(group) == [root["seq"] + n for n in (1, 2, 3, 4)]
    counted = [f["data"]["message"] for f in hers.of("message.updated")]
    assert [(m["reply_count"], m["changed_seq"], m["is_edited"]) for m in counted] == [
        (1, root["seq"] + 2, False),
        (2, root["seq"] + 4, False),
    ]
    assert by_socket["thread_id"] == by_http["thread_id"] == root["id"]
    shown = thread(bob, root)
    assert [m["id"] for m in shown["results"]] == [by_socket["id"], by_http["id"]]
    assert shown["reply_count"] == alice.get(f"messages/{root['id']}/")["reply_count"] == 2
    assert [m["reply_count"] for m in bob.history(group)] == [2, 0, 0]
    assert alice.get(f"conversations/{group}/log/?after={root['seq']}")["entries"][1]["type"] == "message.updated"


def test_a_retry_is_counted_once(signed_up) -> None:
    alice = signed_up("alice")
    root = alice.write(alice.group())

    first, again = (reply(alice, root, client_id="once") for _ in range(2))

    assert first["id"] == again["id"]
    assert thread(alice, root)["reply_count"] == 1
    assert alice.row(root["conversation_id"])["seq"] == first["seq"] + 1


async def test_simultaneous_replies_and_messages_leave_no_gap(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    told_of_nothing(alice, group)
    roots = [alice.write(group, "Root") for _ in range(3)]

    async with alice.socket() as hers, bob.socket() as his:
        for n in range(120):
            thread_id = roots[n % 3]["id"] if n % 2 == 0 else None
            body = {"conversation_id": group, "content": f"{n}", "thread_id": thread_id, "client_id": f"many {n}"}
            await his.frame({"type": "message.send", "id": f"m{n}", "data": body})
        await his.until(lambda: all(f"m{n}" in his.replies for n in range(120)))
        assert {his.replies[f"m{n}"]["ok"] for n in range(120)} == {True}
        head = (await asyncio.to_thread(alice.row, group))["seq"]
        await hers.until(lambda: head in hers.seqs(group))
        await his.until(lambda: head in his.seqs(group))

    assert hers.seqs(group) == his.seqs(group) == list(range(roots[-1]["seq"] + 1, head + 1))
    assert head == roots[-1]["seq"] + 120 + 60
    assert [thread(alice, root)["reply_count"] for root in roots] == [20] * 3
    assert alice.write(group, "After all")["seq"] == head + 1


@pytest.mark.django_db(transaction=True)
def test_a_reply_and_a_message_in_one_batch_leave_the_head_at_the_last_seq() -> None:
    alice = people.create_person(email="alice@example.org", username="alice", password="correct horse battery")
    channel = create_channel(alice, name="News", description="", history="all")

    def write(*threads: uuid.UUID | None) -> list[uuid.UUID]:
        messages = [NewMessage(content="Hello", thread_id=thread_id) for thread_id in threads]
        batch = Batch([Outgoing(alice.id, channel.id, one, Future()) for one in messages], datetime.now(UTC))
        batch.write(open_store(), 0)
        return [row.id for row in batch.rows]

    root = write(None)[0]
    write(root, None, root, None)

    assert Conversation.objects.get().seq == 7
    write(None)
    assert Conversation.objects.get().seq == 8


async def test_a_deleted_reply_is_no_longer_counted(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    root = alice.write(group)
    replies = [reply(bob, root), reply(alice, root)]

    async with alice.socket() as hers:
        assert await asyncio.to_thread(bob.code, "DELETE", f"messages/{replies[0]['id']}/") == "ok"
        assert await asyncio.to_thread(bob.code, "DELETE", f"messages/{replies[0]['id']}/") == "ok"
        counted = await hers.expect("message.updated")
        await hers.quiet()

    assert (counted["data"]["message"]["id"], counted["data"]["message"]["reply_count"]) == (root["id"], 1)
    assert [f["type"] for f in hers.received if "seq" in f] == ["message.deleted", "message.updated"]
    shown = thread(alice, root)
    assert (shown["reply_count"], shown["unread_count"]) == (1, 0)
    assert [m["is_deleted"] for m in shown["results"]] == [True, False]


def test_a_deleted_message_cannot_start_a_thread(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    root = alice.write(group)
    answer = reply(bob, root)
    assert alice.code("DELETE", f"messages/{root['id']}/") == "ok"

    for path in ("receipts/", "history/"):
        assert bob.code("GET", f"messages/{root['id']}/{path}") == "not_found"
    assert refused(bob, group, root["id"]) == "invalid"
    assert bob.code("DELETE", f"messages/{answer['id']}/") == "ok"
    assert [(m["is_deleted"], m["content"], m["reply_count"]) for m in bob.history(group)] == [
        (True, "", 0),
        (True, "", 0),
    ]


def refused(person, conversation: str, thread_id: str) -> str:
    body = {"content": "Reply", "thread_id": thread_id}
    return person.code("POST", f"conversations/{conversation}/messages/", body)


def test_only_a_message_of_this_conversation_outside_threads_can_start_one(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group, other = alice.group(bob), alice.group(bob)
    root, elsewhere = alice.write(group), alice.write(other)
    answer = reply(bob, root)

    for wrong in (elsewhere["id"], answer["id"], str(uuid.uuid4())):
        assert refused(bob, group, wrong) == "invalid"

    assert refused(bob, group, root["id"]) == "ok"
    assert thread(bob, answer) == {
        "results": [], "next": None, "previous": None, "reply_count": 0, "last_read_seq": 0, "unread_count": 0,
    }  # fmt: skip


def test_each_user_has_a_read_mark_in_a_thread(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    root = alice.write(group)
    replies = [reply(bob, root), reply(bob, root), reply(alice, root)]
    before = alice.row(group)["membership"]["last_read_seq"]
    assert [thread(one, root)["unread_count"] for one in (alice, bob)] == [2, 1]

    assert alice.post(f"messages/{replies[1]['id']}/read/") == {"seq": replies[1]["seq"]}
    assert alice.post(f"messages/{replies[0]['id']}/read/") == {"seq": replies[1]["seq"]}

    shown = thread(alice, root)
    assert (shown["last_read_seq"], shown["unread_count"]) == (replies[1]["seq"], 0)
    assert thread(bob, root)["unread_count"] == 1
    assert alice.row(group)["membership"]["last_read_seq"] == before
    assert carol.code("POST", f"messages/{replies[1]['id']}/read/") == "not_found"
    assert carol.code("GET", f"messages/{root['id']}/replies/") == "not_found"


async def test_thread_marks_are_published_to_own_devices_only(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    told_of_nothing(alice, group)
    root = bob.write(group)
    replies = [reply(bob, root) for _ in range(2)]

    async with alice.socket() as phone, alice.socket() as laptop, bob.socket() as his:
        me_seq = phone.of("hello")[0]["data"]["me_seq"]
        for message in (replies[1], replies[1], replies[0]):
            await asyncio.to_thread(alice.post, f"messages/{message['id']}/read/")
        received = [await socket.expect("thread.read") for socket in (phone, laptop)]
        for socket in (phone, his):
            await socket.quiet()

    assert received[0] == received[1]
    assert received[0]["me_seq"] > me_seq, "what the worker tells may come between"
    assert received[0]["conversation_id"] == group
    assert received[0]["data"] == {"conversation_id": group, "thread_id": root["id"], "seq": replies[1]["seq"]}
    assert (len(phone.of("thread.read")), len(phone.of("hello"))) == (1, 1)
    assert his.of("thread.read") == phone.of("read.updated") == []


def test_reading_a_message_outside_threads_moves_the_mark_of_the_conversation(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = [bob.write(group) for _ in range(3)]

    assert alice.post(f"messages/{sent[1]['id']}/read/") == {"seq": sent[1]["seq"]}
    assert alice.post(f"messages/{sent[0]['id']}/read/") == {"seq": sent[1]["seq"]}
    assert alice.row(group)["unread_count"] == 1


def test_replies_are_paged_in_both_directions(signed_up) -> None:
    alice = signed_up("alice")
    group = alice.group()
    root = alice.write(group)
    ids = []
    for n in range(23):
        ids.append(reply(alice, root, f"{n}")["id"])
        alice.write(group, "Between")

    forward, url = [], f"messages/{root['id']}/replies/?after=0&limit=5"
    while url:
        page = alice.get(url)
        forward += [m["id"] for m in page["results"]]
        url = page["next"] and page["next"].split("/api/v1/")[1]
    back, url = [], f"messages/{root['id']}/replies/?limit=5"
    while url:
        page = alice.get(url)
        back = [m["id"] for m in page["results"]] + back
        url = page["previous"] and page["previous"].split("/api/v1/")[1]

    assert forward == back == ids
    assert thread(alice, root, "?limit=5")["reply_count"] == 23


async def test_members_who_joined_later_see_only_newer_replies(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, history="joined")
    root = alice.write(group, "Root")
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id})

    async with carol.socket() as hers:
        await asyncio.to_thread(reply, bob, root, "New")
        await hers.until(lambda: len(hers.seqs(group)) == 2)

    assert [f["type"] for f in hers.received if f.get("conversation_id") == group] == ["message.created", "log.skipped"]
    assert refused(carol, group, root["id"]) == "invalid"
    assert carol.code("GET", f"messages/{root['id']}/replies/") == "not_found"
    assert [m["content"] for m in carol.history(group)] == ["New"]


def test_a_thread_outlives_its_first_message(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    root = alice.write(group, "Root")
    bob.write(group, "Reply", thread_id=root["id"])

    assert alice.call("DELETE", f"messages/{root['id']}/").status_code == 204

    thread = bob.get(f"messages/{root['id']}/replies/")
    assert [message["content"] for message in thread["results"]] == ["Reply"]
    assert bob.code("POST", f"conversations/{group}/messages/", {"content": "x", "thread_id": root["id"]}) == "invalid"
