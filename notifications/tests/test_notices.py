"""Notices of messages, mentions, replies, reactions, invitations and sign-ins."""

import asyncio
import time
from collections.abc import Callable

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import PASSWORD, Person, cast_on, http
from notifications.tests.notices import kinds, of, told

LIKE = "\N{THUMBS UP SIGN}"


@pytest.fixture
def person(server: Server) -> Callable[[str], Person]:
    """Somebody new on a server that these tests share."""
    return cast_on(server)


def soon(look, patience: float = 10.0):
    """What `look` finds, as soon as it finds something: the worker tells within a second or two."""
    deadline = time.monotonic() + patience
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_messages_of_a_conversation_are_one_notice(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    alice.write(group, "One")
    (first,) = soon(lambda: of(bob, "message"))

    alice.write(group, "Two\nlines")
    soon(lambda: of(bob, "message")[0]["preview"] == "Two lines")

    (second,) = of(bob, "message")
    assert second["id"] == first["id"]
    assert (second["conversation_id"], second["actor"]["id"], second["is_read"]) == (group, alice.id, False)
    assert of(alice, "message") == [], "nobody is told of their own"
    bob.post(f"conversations/{group}/read/", {"seq": second["seq"]})
    assert of(bob, "message")[0]["is_read"], "it is read with the message"
    assert bob.get("notifications/count/") == {"unread": 0, "mentions": 0}, "and so is being added"


async def test_only_mentioned_people_are_notified_at_once(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)

    async with bob.socket() as his:
        sent = await asyncio.to_thread(alice.write, group, f"@{bob.name}, look")
        event = await his.expect("notification.created")

    (notice,) = told(bob, "notifications/mentions/")
    assert notice == event["data"]["notification"]
    assert (notice["message_id"], notice["seq"]) == (sent["id"], sent["seq"])
    assert notice["preview"] == sent["content"]
    assert bob.get("notifications/count/")["mentions"] == 1
    assert told(carol, "notifications/mentions/") == []
    bob.post(f"conversations/{group}/read/", {"seq": sent["seq"]})
    assert bob.get("notifications/count/")["mentions"] == 0


def test_a_reply_notifies_the_author_also_in_a_thread(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    first = bob.write(group, "Who comes?")

    alice.write(group, "I", reply_to_id=first["id"])
    carol.write(group, f"And @{bob.name}?", thread_id=first["id"])
    bob.write(group, "Me too", reply_to_id=first["id"])

    assert kinds(bob)[:2] == ["mention", "reply"], "a mention says more, and nobody is told of their own"
    assert of(bob, "reply")[0]["actor"]["id"] == alice.id


def test_reactions_to_a_message_are_one_notice_that_goes_with_them(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    sent = alice.write(group)
    for one in (alice, bob, carol):
        one.call("PUT", f"messages/{sent['id']}/reactions/{LIKE}/")

    (notice,) = of(alice, "reaction")

    assert (notice["actor"]["id"], notice["data"]) == (carol.id, {"emoji": LIKE, "count": 2})
    alice.post(f"conversations/{group}/read/", {"seq": 99})
    assert not of(alice, "reaction")[0]["is_read"], "reading the conversation does not read it"
    carol.call("DELETE", f"messages/{sent['id']}/reactions/{LIKE}/")
    assert of(alice, "reaction")[0]["actor"]["id"] == bob.id
    bob.call("DELETE", f"messages/{sent['id']}/reactions/{LIKE}/")
    assert of(alice, "reaction") == []


def test_being_added_is_notified_and_being_removed_hides_everything(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    alice.write(group, f"@{bob.name}")
    assert sorted(kinds(bob)) == ["added", "mention"]
    assert of(bob, "added")[0]["actor"]["id"] == alice.id

    alice.call("DELETE", f"conversations/{group}/members/{bob.id}/")

    assert told(bob) == []
    assert bob.get("notifications/count/") == {"unread": 0, "mentions": 0}
    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})
    assert sorted(kinds(bob)) == ["added", "mention"]


def test_new_members_are_not_notified_of_hidden_history(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob, history="joined")
    alice.write(group, f"@{bob.name}")
    alice.call("DELETE", f"conversations/{group}/members/{bob.id}/")
    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})

    assert kinds(bob) == ["added"]


def test_an_invitation_works_for_one_person_once(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(name="Readers")

    alice.post(f"conversations/{group}/invites/", {"user_id": bob.id})
    (notice,) = of(bob, "invitation")

    assert notice["data"]["name"] == "Readers"
    token = notice["data"]["token"]
    assert carol.code("POST", f"invites/{token}/accept/") == "not_found", "it is not for her"
    assert bob.post(f"invites/{token}/accept/")["id"] == group
    assert of(bob, "invitation") == [], "it leads nowhere any more"
    assert alice.code("POST", f"conversations/{group}/invites/", {"user_id": bob.id}) == "conflict"


def test_an_invitation_that_was_taken_back_is_gone(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group()
    made = alice.post(f"conversations/{group}/invites/", {"user_id": bob.id})
    assert of(bob, "invitation")

    alice.call("DELETE", f"conversations/{group}/invites/{made['token']}/")

    assert of(bob, "invitation") == []


def test_every_sign_in_but_the_first_is_notified(person) -> None:
    alice = person("alice")
    assert of(alice, "security") == []

    body = {"login": alice.name, "password": PASSWORD, "device_name": "A stranger's phone"}
    assert http.post(f"{alice.server.url}/api/v1/auth/login/", json=body).status_code == 200

    (notice,) = of(alice, "security")
    assert notice["data"]["device_name"] == "A stranger's phone"
    sessions = {one["id"] for one in alice.get("auth/sessions/")["results"]}
    assert notice["data"]["session_id"] in sessions


def test_the_notices_of_a_deleted_message_are_gone(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    sent = alice.write(group, f"@{bob.name}: the secret")
    assert of(bob, "mention")

    alice.call("DELETE", f"messages/{sent['id']}/")

    assert "secret" not in bob.call("GET", "notifications/").text
    assert kinds(bob) == ["added"]


def test_an_edit_notifies_newly_mentioned_people(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    sent = alice.write(group, f"@{bob.name}")
    (before,) = of(bob, "mention")

    alice.call("PATCH", f"messages/{sent['id']}/", json={"content": f"@{bob.name} and @{carol.name}"})
    assert (of(bob, "mention")[0]["created_at"], len(of(carol, "mention"))) == (before["created_at"], 1)
    alice.call("PATCH", f"messages/{sent['id']}/", json={"content": f"@{carol.name}"})

    assert of(bob, "mention") == []
    assert of(carol, "mention")[0]["preview"] == f"@{carol.name}"


def test_blocked_people_cause_no_notices(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    sent = bob.write(group)
    alice.write(group, f"@{bob.name}")
    bob.call("PUT", f"users/{alice.id}/block/")

    last = alice.write(group, f"@{bob.name}, once more", reply_to_id=sent["id"])
    alice.call("PUT", f"messages/{sent['id']}/reactions/{LIKE}/")

    assert soon(lambda: [notice for notice in of(carol, "message") if notice["message_id"] == last["id"]])
    assert told(bob) == []
    bob.call("DELETE", f"users/{alice.id}/block/")
    assert sorted(kinds(bob)) == ["added", "mention"], "what was told before is there again, and nothing more"


@pytest.mark.parametrize(
    ("notify", "expected"), [("all", {"mention", "reaction"}), ("mentions", {"mention"}), ("none", set())]
)
@pytest.mark.parametrize("where", ["here", "everywhere"])
def test_levels_decide_what_is_notified(person, notify, expected, where) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    sent = bob.write(group)
    if where == "here":
        bob.call("PATCH", f"conversations/{group}/members/me/", json={"notify": notify})
    else:
        bob.call("PATCH", "notifications/preferences/", json={"notify": notify})

    alice.write(group, f"@{bob.name}")
    alice.call("PUT", f"messages/{sent['id']}/reactions/{LIKE}/")

    assert set(kinds(bob)) - {"added"} == expected


def test_reactions_can_be_switched_off(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    sent = bob.write(group)
    bob.call("PATCH", "notifications/preferences/", json={"reactions": False})

    alice.call("PUT", f"messages/{sent['id']}/reactions/{LIKE}/")

    assert of(bob, "reaction") == []


def test_the_worker_notifies_everybody_else(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    carol.call("PATCH", f"conversations/{group}/members/me/", json={"notify": "mentions"})

    alice.write(group, "@all, look")

    assert [n["preview"] for n in soon(lambda: of(bob, "mention"))] == ["@all, look"]
    assert [n["preview"] for n in soon(lambda: of(carol, "mention"))] == ["@all, look"]
    assert of(bob, "message") == [], "once is enough"


def test_a_muted_conversation_only_notifies_mentioned_people(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    bob.call("PATCH", f"conversations/{group}/members/me/", json={"muted_until": "2999-01-01T00:00:00Z"})

    alice.write(group, "Hello")
    assert soon(lambda: of(carol, "message"))
    alice.write(group, f"Hello @{bob.name}")

    assert set(kinds(bob)) == {"added", "mention"}
