"""Reading notices: their texts, by unread, by pages, on all devices; one's own sign-in is read from the start."""

import asyncio
from collections.abc import Callable

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import Person, cast_on
from notifications.tests.notices import told


@pytest.fixture
def person(server: Server) -> Callable[[str], Person]:
    """Somebody new on a server that these tests share."""
    return cast_on(server)


async def test_each_says_in_words_what_it_is_about(person) -> None:
    alice, bob = person("alice"), person("bob")
    async with bob.socket() as his:
        group = await asyncio.to_thread(alice.group, bob, name="Tea")
        heard = await his.expect("notification.created")
        await asyncio.to_thread(alice.write, group, f"Come @{bob.name}")
        await his.until(lambda: len(his.of("notification.created")) == 2)

    told = {row["kind"]: (row["title"], row["body"]) for row in bob.get("notifications/")["results"]}
    assert told["added"] == (f"{alice.name} · Tea", "You were added to a conversation")
    assert told["mention"] == (f"{alice.name} · Tea", f"Come @{bob.name}")
    shown = heard["data"]["notification"]
    assert (shown["title"], shown["body"]) == told["added"]


def test_only_the_unread_or_the_read_ones(person) -> None:
    alice, bob = person("alice"), person("bob")
    for name in ("Tea", "Coffee"):
        alice.group(bob, name=name)
    newest, oldest = (row["id"] for row in bob.get("notifications/")["results"])
    bob.post(f"notifications/{oldest}/read/")

    def ids(query: str) -> list[str]:
        return [row["id"] for row in bob.get(f"notifications/?{query}")["results"]]

    assert (ids("unread=true"), ids("unread=false"), ids("limit=5")) == ([newest], [oldest], [newest, oldest])
    assert bob.get("notifications/mentions/?unread=true")["results"] == []


@pytest.mark.parametrize("wrong", ["yes", "", "1", "True"])
def test_another_word_is_refused_by_name(person, wrong: str) -> None:
    refused = person("alice").call("GET", f"notifications/?unread={wrong}")

    assert refused.status_code == 400
    assert [error["field"] for error in refused.json()["errors"]] == ["unread"]


def test_a_sign_in_is_news_everywhere_but_where_it_was_made(person) -> None:
    alice = person("alice")
    assert alice.get("notifications/count/")["unread"] == 0

    telephone = alice.again()

    assert telephone.get("notifications/count/") == {"unread": 0, "mentions": 0}
    assert [(row["kind"], row["is_read"]) for row in telephone.get("notifications/")["results"]] == [("security", True)]
    assert telephone.get("notifications/?unread=true")["results"] == []
    assert alice.get("notifications/count/") == {"unread": 1, "mentions": 0}
    assert [row["is_read"] for row in alice.get("notifications/?unread=true")["results"]] == [False]
    alice.again()
    assert telephone.get("notifications/count/")["unread"] == 1, "of another one it is told"


async def test_reading_is_heard_on_the_other_devices(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    alice.write(group, f"@{bob.name}")
    mention, _ = told(bob)

    async with bob.socket() as his:
        shown = await asyncio.to_thread(bob.post, f"notifications/{mention['id']}/read/")
        one = await his.expect("notification.read")
        await asyncio.to_thread(bob.post, f"notifications/{mention['id']}/read/")
        await his.quiet()
        counts = await asyncio.to_thread(bob.post, "notifications/read-all/")
        every = await his.expect("notification.read", notification_id=None)

    assert (shown["id"], shown["is_read"]) == (mention["id"], True)
    assert one["data"] == {"notification_id": mention["id"], "unread": 1, "mentions": 0}
    assert len(his.of("notification.read")) == 2, "reading it again changes nothing"
    assert every["data"] == {"notification_id": None, "unread": 0, "mentions": 0}
    assert counts == {"unread": 0, "mentions": 0}
    assert [notice["is_read"] for notice in told(bob)] == [True, True]


def test_what_comes_while_all_is_read_stays_unread(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    alice.write(group, f"@{bob.name}")
    shown = told(bob)
    alice.write(group, f"@{bob.name}, again")

    assert bob.post("notifications/read-all/", {"until": shown[0]["created_at"]}) == {"unread": 1, "mentions": 1}
    assert bob.code("POST", "notifications/read-all/", {"until": "2026-01-01T00:00:00"}) == "invalid"


def test_the_lists_page_by_key(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    for n in range(5):
        alice.write(group, f"@{bob.name} {n}")

    page, seen = bob.get("notifications/mentions/?limit=2"), []
    while True:
        seen += [notice["preview"].split()[1] for notice in page["results"]]
        if not page["next"]:
            break
        page = bob.get(page["next"].split("/api/v1/")[1])

    assert seen == ["4", "3", "2", "1", "0"]
