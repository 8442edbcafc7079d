"""Edit history: what a message said before each edit, for those who may see it; and how long it can be edited."""

import asyncio

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, cast_on
from messaging.tests.test_delete import SECRET, everything


def past(one: Person, message: dict) -> list[str]:
    return [entry["content"] for entry in one.get(f"messages/{message['id']}/history/")["results"]]


def edit(one: Person, message: dict, content: str) -> str:
    return one.code("PATCH", f"messages/{message['id']}/", {"content": content})


async def test_edits_over_http_and_socket_are_listed_the_last_first(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    sent = alice.write(alice.group(bob), "One")
    assert past(bob, sent) == []

    assert edit(alice, sent, "Two") == edit(alice, sent, "Two") == "ok"
    async with alice.socket() as hers:
        assert (await hers.ask("message.edit", message_id=sent["id"], content="Three"))["ok"]

    assert past(bob, sent) == past(alice, sent) == ["Two", "One"]
    found = bob.get(f"messages/{sent['id']}/history/?limit=1")
    assert found["results"][0]["replaced_at"] == bob.get(f"messages/{sent['id']}/")["edited_at"]
    assert [e["content"] for e in bob.get(found["next"].split("/api/v1/")[1])["results"]] == ["One"]


def test_outsiders_and_members_who_joined_later_see_no_history(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, history="joined")
    sent = alice.write(group, "One")
    edit(alice, sent, "Two")
    path = f"messages/{sent['id']}/history/"
    assert bob.code("GET", path) == "ok"

    assert carol.code("GET", path) == "not_found"
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id})
    assert carol.code("GET", path) == "not_found"


def test_deleting_the_message_deletes_its_history(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group, f"{SECRET} one")
    edit(alice, sent, f"{SECRET} two")
    assert past(bob, sent) == [f"{SECRET} one"]

    assert alice.code("DELETE", f"messages/{sent['id']}/") == "ok"

    assert alice.code("GET", f"messages/{sent['id']}/history/") == "not_found"
    assert SECRET not in everything(alice, group) + everything(bob, group)


async def test_a_message_cannot_be_edited_after_the_edit_window() -> None:
    with Server(env={**GENEROUS, "EDIT_WINDOW_MINUTES": "1"}) as server:
        alice = cast_on(server)("alice")
        group = alice.group()
        sent = alice.write(group, "One")
        assert await asyncio.to_thread(edit, alice, sent, "Two") == "ok"
        age(server, sent["id"])

        async with alice.socket() as hers:
            refused = await hers.ask("message.edit", message_id=sent["id"], content="Three")
        assert refused["error"]["code"] == edit(alice, sent, "Three") == "edit_window_closed"
        assert edit(alice, sent, "Two") == "ok", "what is so already is no edit"
        assert past(alice, sent) == ["One"]
        assert alice.code("DELETE", f"messages/{sent['id']}/") == "ok"


def age(server: Server, message_id: str) -> None:
    """Let a message be older than a minute."""
    code = (
        "from datetime import timedelta; from django.db.models import F; from messaging.models import Message; "
        f"Message.objects.filter(id='{message_id}').update(created_at=F('created_at') - timedelta(seconds=61))"
    )
    assert server.run("shell", "-c", code).returncode == 0
