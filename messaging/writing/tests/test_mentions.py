"""Mentions: bob is mentioned by `@bob` or by his id; admins mention everyone by `@all`."""

import asyncio
import time
import unicodedata

import pytest

from messaging.tests.client import Person
from messaging.tests.test_delete import everything
from messaging.wire.mentions import parse_mentions


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


async def test_mentions_are_published_and_counted(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)

    async with bob.socket() as his, alice.socket() as hers:
        by_socket = await hers.say(group, f"Hi @{bob.name}, and @{alice.name}")
        received = await his.expect("message.created")
    by_id = alice.write(group, "Hi Bobby", mention_ids=[bob.id, bob.id])
    alice.write(group, "Nobody")

    assert ids(by_socket) == ids(received["data"]["message"]) == ids(by_id) == [bob.id], "nobody names themselves"
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


def test_only_admins_mention_all(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
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


def test_the_longest_matching_username_is_mentioned(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    dotted, dashed = signed_up("dotted"), signed_up("dashed")
    for one, end in ((dotted, "."), (dashed, "-")):
        one.name = f"{bob.name}{end}"
        assert one.code("PATCH", "users/me/", {"username": one.name}) == "ok"
    group = alice.group(bob, dotted, dashed)

    assert ids(alice.write(group, f"@{dotted.name}")) == [dotted.id]
    assert ids(alice.write(group, f"@{dashed.name} and @{bob.name}!")) == [dashed.id, bob.id]
    assert ids(alice.write(group, f"你好@{bob.name}さん, ＠{dotted.name}")) == [bob.id, dotted.id]
    written = [f"`@{bob.name}`", f"https://example.org/@{bob.name}", f"alice@{bob.name}", f"example.org/@{bob.name}"]
    assert [ids(alice.write(group, text)) for text in written] == [[]] * 4


def test_only_members_are_mentioned(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)

    assert ids(alice.write(group, f"@{carol.name} @nobody-at-all @{bob.name}")) == [bob.id]
    body = {"content": "Hi", "mention_ids": [carol.id]}
    assert alice.code("POST", f"conversations/{group}/messages/", body) == "invalid"
    bob.call("DELETE", f"conversations/{group}/members/me/")
    assert ids(alice.write(group, f"@{bob.name}")) == []
    assert carol.code("POST", f"conversations/{group}/messages/", {"content": f"@{bob.name}"}) == "not_found"


def test_a_member_who_comes_back_has_no_mentions(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    alice.write(group, f"@{bob.name} @all")
    assert counts(bob, group) == (1, 1)
    bob.call("DELETE", f"conversations/{group}/members/me/")
    assert bob.get("messages/unread/") == {"messages": 0, "conversations": 0, "mentions": 0}
    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})

    assert counts(bob, group) == (0, 0)
    alice.write(group, f"@{bob.name}")
    assert counts(bob, group) == (1, 1)


async def test_an_edit_replaces_the_mentions(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, carol)
    sent = alice.write(group, f"@{bob.name}")

    async with carol.socket() as hers:
        edit = {"content": f"@{carol.name} and @all"}
        assert (await asyncio.to_thread(alice.call, "PATCH", f"messages/{sent['id']}/", json=edit)).is_success
        received = (await hers.expect("message.updated"))["data"]["message"]
    assert (received["mentions"], received["mentions_all"]) == ([carol.id], True)
    assert counts(bob, group) == counts(carol, group) == (1, 1)

    alice.call("PATCH", f"messages/{sent['id']}/", json={"content": f"@{carol.name} only"})
    assert (counts(bob, group), counts(carol, group)) == ((1, 0), (1, 1))
    alice.call("PATCH", f"messages/{sent['id']}/", json={"content": "Nobody"})
    assert (counts(bob, group), counts(carol, group)) == ((1, 0), (1, 0))
    assert ids(bob.history(group)[0]) == []


def test_mentions_by_blocked_users_are_not_counted(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
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


def test_a_deleted_message_mentions_no_one(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group, f"@{bob.name}")
    assert counts(bob, group) == (1, 1)
    assert f'"mentions": ["{bob.id}"]' in everything(bob, group)

    assert alice.code("DELETE", f"messages/{sent['id']}/") == "ok"

    assert counts(bob, group) == (0, 0)
    assert f'"mentions": ["{bob.id}"]' not in everything(bob, group)


def test_a_message_mentions_at_most_fifty_members(signed_up) -> None:
    alice = signed_up("alice")
    others = [signed_up(f"p{n}") for n in range(52)]
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
    "(@bob) @carol's @olga!": ["bob", "carol", "olga"],
    "bob@example.org": [],
    "Mail bob@example.org or ask @bob": ["bob"],
    "ö@bob 1@bob": [],
    "@": [],
    "@ bob": [],
    "@@bob": ["bob"],
    "@bob@carol": ["bob"],
    "@bob\n@carol\t@olga": ["bob", "carol", "olga"],
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
def test_mentions_in_a_text(text: str) -> None:
    assert [keys[0].rstrip(".-") for keys in parse_mentions(text).names] == NAMES[text]
    assert not parse_mentions(text).is_all


def test_all_is_not_a_username() -> None:
    assert parse_mentions("Hear, @all!") == ((), (), True)
    assert parse_mentions("@allan @all-of-you all@example.org").is_all is False
    many = " ".join(f"@p{n}" for n in range(60))
    assert (len(parse_mentions(f"@all {many}").names), parse_mentions(f"@all {many}").is_all) == (50, True)


@pytest.mark.parametrize(
    "text", ["@" * 10_000, "@a" * 3000, "@a " * 3333, "a@" * 5000, "@" + "a" * 9999, ("@" + "a" * 33) * 294]
)
def test_parsing_mentions_is_fast_for_any_text(text: str) -> None:
    begun = time.thread_time()
    for _ in range(10):
        parse_mentions(text)
    assert time.thread_time() - begun < 0.25


def test_an_edit_mentions_members_by_id(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    path = f"messages/{alice.write(group, 'Hello')['id']}/"

    named = alice.call("PATCH", path, json={"content": "You there", "mention_ids": [bob.id]})
    refused = alice.call("PATCH", path, json={"content": "And you", "mention_ids": [carol.id]})

    assert ids(named.json()) == [bob.id]
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "mention_ids")
    assert alice.get(path)["content"] == "You there"
    assert counts(bob, group) == (1, 1)


def test_an_edit_can_change_only_the_mentions(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    path = f"messages/{alice.write(group, 'Hello')['id']}/"

    named = alice.call("PATCH", path, json={"content": "Hello", "mention_ids": [bob.id, alice.id]}).json()
    again = alice.call("PATCH", path, json={"content": "Hello", "mention_ids": [bob.id, alice.id]}).json()
    refused = alice.call("PATCH", path, json={"content": "Hello", "mention_ids": [carol.id]})

    assert (ids(named), counts(bob, group)) == ([bob.id], (1, 1))
    assert again["changed_seq"] == named["changed_seq"]
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "mention_ids")
