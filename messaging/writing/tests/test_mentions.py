"""Mentions: bob is named by `@bob`, or by his id; admins name everybody by `@all`."""

import asyncio
import time
import unicodedata

import pytest

from messaging.mentions import named_in
from messaging.tests.client import Person
from messaging.tests.test_delete import everything


def ids(message: dict) -> list[str]:
    return message["mentions"]


def counts(one: Person, conversation: str) -> tuple[int, int]:
    """Unread and mentions, in the row, the list, the snapshot and altogether; all must agree."""
    row = one.row(conversation)
    listed = next(r for r in one.get("conversations/")["results"] if r["id"] == conversation)
    snapshot = next(r for r in one.get("sync/")["conversations"] if r["id"] == conversation)
    found = {(r["unread_count"], r["mention_count"]) for r in (row, listed, snapshot)}
    assert len(found) == 1
    return found.pop()


async def test_who_is_named_is_counted_and_everybody_hears(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)

    async with bob.socket() as his, alice.socket() as hers:
        by_socket = await hers.say(group, f"Hi @{bob.name}, and @{alice.name}")
        heard = await his.expect("message.created")
    by_id = alice.write(group, "Hi Bobby", mention_ids=[bob.id, bob.id])
    alice.write(group, "Nobody")

    assert ids(by_socket) == ids(heard["data"]["message"]) == ids(by_id) == [bob.id], "nobody names themselves"
    assert [ids(m) for m in carol.history(group)] == [[bob.id], [bob.id], []]
    assert (counts(bob, group), counts(carol, group), counts(alice, group)) == ((3, 2), (3, 0), (0, 0))
    async with bob.socket() as his:
        hello = his.of("hello")[0]["data"]
    assert hello["unread"] == bob.get("messages/unread/") == {"messages": 3, "conversations": 1, "mentions": 2}
    assert hello["conversations"][0]["mention_count"] == 2
    bob.post(f"conversations/{group}/read/", {"seq": by_socket["seq"]})
    assert counts(bob, group) == (2, 1)
    bob.write(group, "Read")
    assert counts(bob, group) == (0, 0)


def test_all_are_named_by_admins_only(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)

    everybody = alice.write(group, f"@all, and @{bob.name} above all")
    vainly = bob.write(group, "@ALL listen")

    assert (everybody["mentions_all"], ids(everybody)) == (True, [bob.id])
    assert (vainly["mentions_all"], ids(vainly)) == (False, [])
    assert (counts(bob, group), counts(carol, group), counts(alice, group)) == ((0, 0), (2, 1), (1, 0))
    alice.write(group, "@All again")
    assert (counts(bob, group), counts(carol, group)) == ((1, 1), (3, 2))
    alice.call("DELETE", f"messages/{everybody['id']}/")
    assert counts(carol, group) == (2, 1)
    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]
    assert alice.write(direct, "@all")["mentions_all"] is False


def test_whose_name_stands_there_whole_is_named(person) -> None:
    alice, bob = person("alice"), person("bob")
    dotted, dashed = person("dotted"), person("dashed")
    for one, end in ((dotted, "."), (dashed, "-")):
        one.name = f"{bob.name}{end}"
        assert one.code("PATCH", "users/me/", {"username": one.name}) == "ok"
    group = alice.group(bob, dotted, dashed)

    assert ids(alice.write(group, f"@{dotted.name}")) == [dotted.id]
    assert ids(alice.write(group, f"@{dashed.name} and @{bob.name}!")) == [dashed.id, bob.id]
    assert ids(alice.write(group, f"你好@{bob.name}さん, ＠{dotted.name}")) == [bob.id, dotted.id]
    written = [f"`@{bob.name}`", f"https://example.org/@{bob.name}", f"alice@{bob.name}", f"example.org/@{bob.name}"]
    assert [ids(alice.write(group, text)) for text in written] == [[]] * 4


def test_only_members_are_named(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob)

    assert ids(alice.write(group, f"@{carol.name} @nobody-at-all @{bob.name}")) == [bob.id]
    body = {"content": "Hi", "mention_ids": [carol.id]}
    assert alice.code("POST", f"conversations/{group}/messages/", body) == "invalid"
    bob.call("DELETE", f"conversations/{group}/members/me/")
    assert ids(alice.write(group, f"@{bob.name}")) == []
    assert carol.code("POST", f"conversations/{group}/messages/", {"content": f"@{bob.name}"}) == "not_found"


def test_coming_back_begins_with_no_mentions(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    alice.write(group, f"@{bob.name} @all")
    assert counts(bob, group) == (1, 1)
    bob.call("DELETE", f"conversations/{group}/members/me/")
    assert bob.get("messages/unread/") == {"messages": 0, "conversations": 0, "mentions": 0}
    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})

    assert counts(bob, group) == (0, 0)
    alice.write(group, f"@{bob.name}")
    assert counts(bob, group) == (1, 1)


async def test_an_edit_names_anew(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    sent = alice.write(group, f"@{bob.name}")

    async with carol.socket() as hers:
        edit = {"content": f"@{carol.name} and @all"}
        assert (await asyncio.to_thread(alice.call, "PATCH", f"messages/{sent['id']}/", json=edit)).is_success
        heard = (await hers.expect("message.updated"))["data"]["message"]
    assert (heard["mentions"], heard["mentions_all"]) == ([carol.id], True)
    assert counts(bob, group) == counts(carol, group) == (1, 1)

    alice.call("PATCH", f"messages/{sent['id']}/", json={"content": f"@{carol.name} only"})
    assert (counts(bob, group), counts(carol, group)) == ((1, 0), (1, 1))
    alice.call("PATCH", f"messages/{sent['id']}/", json={"content": "Nobody"})
    assert (counts(bob, group), counts(carol, group)) == ((1, 0), (1, 0))
    assert ids(bob.history(group)[0]) == []


def test_what_blocked_people_say_is_not_counted(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob, carol)
    alice.call("PATCH", f"conversations/{group}/members/{bob.id}/", json={"role": "admin"})
    bob.write(group, f"@{alice.name}")
    bob.write(group, "@all")
    carol.write(group, f"@{alice.name}")
    assert counts(alice, group) == (3, 3)

    alice.call("PUT", f"users/{bob.id}/block/")
    assert counts(alice, group) == (1, 1)
    assert alice.get("messages/unread/") == {"messages": 1, "conversations": 1, "mentions": 1}
    alice.call("DELETE", f"users/{bob.id}/block/")
    assert counts(alice, group) == (3, 3)


def test_a_deleted_message_names_nobody(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    sent = alice.write(group, f"@{bob.name}")
    assert counts(bob, group) == (1, 1)
    assert f'"mentions": ["{bob.id}"]' in everything(bob, group)

    assert alice.code("DELETE", f"messages/{sent['id']}/") == "ok"

    assert counts(bob, group) == (0, 0)
    assert f'"mentions": ["{bob.id}"]' not in everything(bob, group)


def test_a_message_names_at_most_fifty(person) -> None:
    alice = person("alice")
    others = [person(f"p{n}") for n in range(52)]
    group = alice.group(*others)

    assert ids(alice.write(group, " ".join(f"@{one.name}" for one in others))) == [one.id for one in others[:50]]
    body = {"content": "Hi", "mention_ids": [one.id for one in others[:51]]}
    assert alice.code("POST", f"conversations/{group}/messages/", body) == "invalid"
    both = alice.write(group, f"@{others[51].name}", mention_ids=[one.id for one in others[:50]])
    assert len(ids(both)) == 50


JOSE = "josé"
NAMES = {
    "@bob": ["bob"],
    "@Bob and @BOB": ["bob"],
    "@bob.": ["bob"],
    "@bob... @carol-": ["bob", "carol"],
    "@bob.brown, @a_b-c.": ["bob.brown", "a_b-c"],
    "(@bob) @carol's @dave!": ["bob", "carol", "dave"],
    "bob@example.org": [],
    "Mail bob@example.org or ask @bob": ["bob"],
    "ö@bob 1@bob": [],
    "@": [],
    "@ bob": [],
    "@@bob": ["bob"],
    "@bob@carol": ["bob"],
    "@bob\n@carol\t@dave": ["bob", "carol", "dave"],
    f"@{JOSE} @{unicodedata.normalize('NFD', JOSE)}": [JOSE],
    "@ＢＯＢ": ["bob"],
    "@Straße": ["strasse"],
    "@Алиса @李雷 hello": ["алиса", "李雷"],
    "@" + "b" * 32: ["b" * 32],
    "@" + "b" * 33: [],
    "@...": [],
    "@-": [],
}


@pytest.mark.parametrize("text", NAMES, ids=lambda text: ascii(text)[:40])
def test_names_in_a_text(text: str) -> None:
    assert [keys[0].rstrip(".-") for keys in named_in(text).names] == NAMES[text]
    assert not named_in(text).is_all


def test_all_is_no_name() -> None:
    assert named_in("Hear, @all!") == ((), (), True)
    assert named_in("@allan @all-of-you all@example.org").is_all is False
    many = " ".join(f"@p{n}" for n in range(60))
    assert (len(named_in(f"@all {many}").names), named_in(f"@all {many}").is_all) == (50, True)


@pytest.mark.parametrize(
    "text", ["@" * 10_000, "@a" * 3000, "@a " * 3333, "a@" * 5000, "@" + "a" * 9999, ("@" + "a" * 33) * 294]
)
def test_reading_names_takes_no_time_whatever_stands_there(text: str) -> None:
    begun = time.thread_time()
    for _ in range(10):
        named_in(text)
    assert time.thread_time() - begun < 0.25


def test_an_edit_names_by_id_as_well_and_members_only(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob)
    path = f"messages/{alice.write(group, 'Hello')['id']}/"

    named = alice.call("PATCH", path, json={"content": "You there", "mention_ids": [bob.id]})
    refused = alice.call("PATCH", path, json={"content": "And you", "mention_ids": [carol.id]})

    assert ids(named.json()) == [bob.id]
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "mention_ids")
    assert alice.get(path)["content"] == "You there"
    assert counts(bob, group) == (1, 1)


def test_an_edit_that_only_names_somebody_is_one(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(bob)
    path = f"messages/{alice.write(group, 'Hello')['id']}/"

    named = alice.call("PATCH", path, json={"content": "Hello", "mention_ids": [bob.id, alice.id]}).json()
    again = alice.call("PATCH", path, json={"content": "Hello", "mention_ids": [bob.id, alice.id]}).json()
    refused = alice.call("PATCH", path, json={"content": "Hello", "mention_ids": [carol.id]})

    assert (ids(named), counts(bob, group)) == ([bob.id], (1, 1))
    assert again["changed_seq"] == named["changed_seq"]
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "mention_ids")
