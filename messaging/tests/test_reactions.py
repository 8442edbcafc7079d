"""Reactions: each emoji once per user and message, published with all reactions of the message."""

import asyncio
import json
from urllib.parse import quote

import pytest

from messaging.services.reactions import check_emoji
from messaging.tests.test_delete import everything

LIKE, LOVE, LAUGH = "\N{THUMBS UP SIGN}", "\N{HEAVY BLACK HEART}\ufe0f", "\N{FACE WITH TEARS OF JOY}"


def react(person, message: dict, emoji: str = LIKE, method: str = "PUT") -> str:
    return person.code(method, f"messages/{message['id']}/reactions/{quote(emoji)}/")


def shown(person, message: dict) -> dict:
    return person.get(f"messages/{message['id']}/")["reactions"]


def by(*people) -> dict:
    return {"count": len(people), "user_ids": [one.id for one in people]}


async def test_reactions_are_published_and_shown_everywhere(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group)

    async with alice.socket() as hers, bob.socket() as his:
        assert (await his.ask("reaction.add", message_id=sent["id"], emoji=LIKE))["ok"]
        first = await hers.expect("reaction.added")
        assert await asyncio.to_thread(react, alice, sent, LOVE) == "ok"
        await his.until(lambda: len(his.of("reaction.added")) == 2)
        assert await asyncio.to_thread(react, bob, sent, LIKE, "DELETE") == "ok"
        removed = await hers.expect("reaction.removed")
        await his.expect("reaction.removed")

    assert first["data"] == {
        "message_id": sent["id"],
        "reactions": {LIKE: by(bob)},
        "changed_seq": sent["seq"] + 1,
        "actor_id": bob.id,
    }
    assert his.of("reaction.added")[1]["data"]["reactions"] == {LIKE: by(bob), LOVE: by(alice)}
    assert removed["data"]["reactions"] == {LOVE: by(alice)}
    assert hers.seqs(group) == his.seqs(group) == [sent["seq"] + n for n in (1, 2, 3)]
    for message in (
        bob.history(group)[0],
        bob.row(group)["last_message"],
        bob.get("sync/")["conversations"][0]["messages"][0],
    ):
        assert (message["reactions"], message["changed_seq"]) == ({LOVE: by(alice)}, sent["seq"] + 3)
    assert not bob.history(group)[0]["is_edited"]


async def test_repeating_is_harmless(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group)

    async with alice.socket() as hers:
        for _ in range(2):
            assert await asyncio.to_thread(react, bob, sent) == "ok"
        await hers.quiet()
        assert len(hers.of("reaction.added")) == 1
        for _ in range(2):
            assert await asyncio.to_thread(react, bob, sent, LIKE, "DELETE") == "ok"
        await hers.quiet()

    assert len(hers.of("reaction.removed")) == 1
    assert shown(alice, sent) == {}
    assert alice.row(group)["seq"] == sent["seq"] + 2


def test_outsiders_and_former_members_cannot_react(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    sent = alice.write(group)
    assert react(bob, sent) == "ok"

    assert react(carol, sent) == react(carol, sent, method="DELETE") == "not_found"
    bob.call("DELETE", f"conversations/{group}/members/me/")
    assert react(bob, sent, LOVE) == react(bob, sent, method="DELETE") == "not_found"
    assert shown(alice, sent) == {LIKE: by(bob)}


def test_a_blocked_user_cannot_react_in_the_direct_conversation(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]
    sent = alice.write(direct)
    assert react(bob, sent) == "ok"
    alice.call("PUT", f"users/{bob.id}/block/")

    assert react(bob, sent, LOVE) == "blocked"
    assert react(bob, sent, method="DELETE") == "ok"
    assert shown(alice, sent) == {}


def test_a_message_has_at_most_fifty_different_reactions(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group)
    emojis = [chr(ord("\N{GRINNING FACE}") + n) for n in range(51)]

    assert [react(bob, sent, emoji) for emoji in emojis] == ["ok"] * 50 + ["conflict"]
    assert react(alice, sent, emojis[0]) == "ok"
    assert len(shown(alice, sent)) == 50
    assert react(bob, sent, emojis[1], "DELETE") == "ok"
    assert react(bob, sent, emojis[50]) == "ok"


async def test_members_who_joined_later_get_the_seq_without_the_message(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, history="joined")
    old = alice.write(group)
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id})

    async with carol.socket() as hers, bob.socket() as his:
        assert await asyncio.to_thread(react, bob, old) == "ok"
        await his.expect("reaction.added")
        await hers.expect("log.skipped")
        refused = await hers.ask("reaction.add", message_id=old["id"], emoji=LIKE)

    assert refused["error"]["code"] == react(carol, old) == "not_found"
    assert [f["type"] for f in hers.received if f.get("conversation_id") == group] == ["log.skipped"]
    last = carol.get(f"conversations/{group}/log/")["entries"][-1]
    assert (last["type"], last["data"]) == ("log.skipped", {})


async def test_deleting_the_message_deletes_its_reactions(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group)
    react(bob, sent, LAUGH)
    assert json.dumps(LAUGH)[1:-1] in everything(bob, group)

    async with bob.socket() as his:
        assert await asyncio.to_thread(alice.code, "DELETE", f"messages/{sent['id']}/") == "ok"
        deleted = await his.expect("message.deleted")
        again = await his.ask("reaction.add", message_id=sent["id"], emoji=LIKE)

    assert deleted["data"]["message"]["reactions"] == {}
    assert again["error"]["code"] == react(bob, sent, LAUGH, "DELETE") == "not_found"
    assert json.dumps(LAUGH)[1:-1] not in everything(bob, group)


def test_a_heart_is_one_reaction_however_it_is_spelled(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    sent = alice.write(alice.group(bob))

    assert react(alice, sent, LOVE) == react(bob, sent, "\u2764") == react(bob, sent, LOVE) == "ok"
    assert shown(alice, sent) == {LOVE: by(alice, bob)}
    assert react(alice, sent, "\u2764", "DELETE") == "ok"
    assert shown(alice, sent) == {LOVE: by(bob)}


EMOJIS = [LIKE, LOVE, "\u2764", "1\ufe0f\u20e3", "#\u20e3", "\u2139\ufe0f", "\u203c\ufe0f", "\N{WATCH}", "\u2194\ufe0f"]
EMOJIS += ["\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-5}", "\U0001f1e9\U0001f1ea"]
EMOJIS += ["\u200d".join("\U0001f468\U0001f469\U0001f467\U0001f466"), "\U0001f3f3\ufe0f\u200d\U0001f308"]
EMOJIS += ["\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"]
NONE = ["", " ", "a", "ab", "1", "*", "+", "^", ":)", "\u200d", "\ufe0f", "\u20e3", "\x00", "<b>", "é", "字", "\u0301"]
NONE += [
    LIKE * 2,
    f"{LIKE}\u202e",
    f"{LIKE}\u200b",
    f"{LIKE} ",
    f"a{LIKE}",
    f"{LIKE}a",
    f"{LIKE}\u200d",
    f"\u200d{LIKE}",
    LIKE * 16,
]


@pytest.mark.parametrize("emoji", EMOJIS, ids=ascii)
def test_an_emoji_is_one_picture(emoji: str) -> None:
    assert check_emoji(emoji)


@pytest.mark.parametrize("emoji", NONE, ids=ascii)
def test_text_is_not_an_emoji(emoji: str) -> None:
    with pytest.raises(Exception, match="invalid"):
        check_emoji(emoji)


async def test_text_is_refused_over_http_and_socket(signed_up) -> None:
    alice = signed_up("alice")
    sent = alice.write(alice.group())

    async with alice.socket() as hers:
        replies = [await hers.ask("reaction.add", message_id=sent["id"], emoji=text) for text in ("ok", "", "x" * 65)]

    assert {reply["error"]["code"] for reply in replies} == {"invalid"}
    assert react(alice, sent, "ok") == react(alice, sent, "x" * 300) == "invalid"
    assert shown(alice, sent) == {}
    assert react(alice, sent, "#\ufe0f\u20e3") == "ok"
