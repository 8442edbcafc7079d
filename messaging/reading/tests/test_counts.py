"""Counts of unread messages and mentions are exact for everyone, whatever happened, wherever they are shown.

They are compared with a plain recount of the history that each user sees, after random walks.
"""

import random
from collections.abc import Callable

import pytest

from chatproject.tests.proving import PROVE, SEED
from messaging.tests.client import Person

NAMES = ("alice", "bob", "carol", "olga", "member-1", "member-2")
ACTIONS, EVERY = 150, 50


@pytest.mark.search
@pytest.mark.parametrize("seed", range(SEED, SEED + PROVE))
def test_counts_agree_with_a_recount(signed_up, seed: int) -> None:
    walk = Walk([signed_up(name) for name in NAMES], random.Random(seed))

    for step in range(1, ACTIONS + 1):
        walk.step()
        if step % EVERY == 0:
            walk.recount()

    assert walk.seen > {(0, 0), (1, 0)}, "a walk in which nothing is ever unread or mentioned proves nothing"
    assert any(mentions for _, mentions in walk.seen)


class Walk:
    """Six users in two groups and a direct conversation; alice owns the groups and stays, bob is an admin."""

    def __init__(self, cast: list[Person], dice: random.Random) -> None:
        self.cast, self.dice = cast, dice
        alice, bob = cast[:2]
        self.groups = [alice.group(*cast[1:], history=history) for history in ("all", "joined")]
        self.direct = alice.post("conversations/", {"kind": "direct", "user_id": bob.id})["id"]
        self.inside = {group: list(cast) for group in self.groups} | {self.direct: [alice, bob]}
        for group in self.groups:
            assert alice.code("PATCH", f"conversations/{group}/members/{bob.id}/", {"role": "admin"}) == "ok"
        self.sent: list[tuple[Person, dict]] = []
        self.blocks: set[tuple[str, str]] = set()
        self.seen: set[tuple[int, int]] = set()
        self.actions: list[Callable[[Person, str], None]] = [
            *[self.send] * 6, *[self.mention] * 3, *[self.everybody] * 2, *[self.delete] * 3, *[self.edit] * 3,
            *[self.read] * 3, self.mark_unread, self.leave, self.leave, *[self.come_back] * 2, self.block, self.unblock,
        ]  # fmt: skip

    def step(self) -> None:
        conversation = self.dice.choice([*self.groups, *self.groups, self.direct])
        self.dice.choice(self.actions)(self.dice.choice(self.inside[conversation]), conversation)

    def send(self, who: Person, conversation: str, content: str = "Hello", **more: object) -> None:
        answer = who.call("POST", f"conversations/{conversation}/messages/", json={"content": content, **more})
        if answer.is_success:
            self.sent.append((who, answer.json()))
        else:
            assert answer.json()["code"] == "blocked"
            assert conversation == self.direct

    def mention(self, who: Person, conversation: str) -> None:
        named = self.dice.sample(self.cast, 2)
        inside = [one.id for one in named if one in self.inside[conversation]]
        self.send(who, conversation, " ".join(f"@{one.name}" for one in named), mention_ids=inside[:1])

    def everybody(self, who: Person, conversation: str) -> None:
        self.send(who, conversation, f"@all and @{self.dice.choice(self.cast).name}")

    def delete(self, who: Person, conversation: str) -> None:
        if message := self._some(who, conversation):
            assert who.code("DELETE", f"messages/{message['id']}/") in ("ok", "not_found")

    def edit(self, who: Person, conversation: str) -> None:
        if message := self._some(who, conversation):
            content = self.dice.choice(["Edited", "@all", f"@{self.dice.choice(self.cast).name} edited"])
            code = who.code("PATCH", f"messages/{message['id']}/", {"content": content})
            assert code in ("ok", "not_found", "blocked")

    def read(self, who: Person, conversation: str) -> None:
        seq = self.dice.randint(0, who.row(conversation)["seq"] + 1)
        who.post(f"conversations/{conversation}/read/", {"seq": seq})

    def mark_unread(self, who: Person, conversation: str) -> None:
        path = f"conversations/{conversation}/members/me/"
        assert who.code("PATCH", path, {"is_marked_unread": self.dice.random() < 0.7}) == "ok"

    def leave(self, who: Person, conversation: str) -> None:
        if conversation != self.direct and who is not self.cast[0]:
            assert who.code("DELETE", f"conversations/{conversation}/members/me/") == "ok"
            self.inside[conversation].remove(who)

    def come_back(self, who: Person, conversation: str) -> None:
        gone = [one for one in self.cast if one not in self.inside[conversation]]
        if gone and conversation != self.direct:
            one = self.dice.choice(gone)
            answer = self.cast[0].call("POST", f"conversations/{conversation}/members/", json={"user_id": one.id})
            if answer.is_success:
                self.inside[conversation].append(one)
            else:
                assert answer.json()["code"] == "blocked"

    def block(self, who: Person, conversation: str) -> None:
        other = self.dice.choice([one for one in self.cast if one is not who])
        assert who.call("PUT", f"users/{other.id}/block/").status_code == 204
        self.blocks.add((who.id, other.id))

    def unblock(self, who: Person, conversation: str) -> None:
        other = self.dice.choice([one for one in self.cast if one is not who])
        assert who.call("DELETE", f"users/{other.id}/block/").status_code == 204
        self.blocks.discard((who.id, other.id))

    def _some(self, who: Person, conversation: str) -> dict | None:
        mine = [m for sender, m in self.sent if sender is who and m["conversation_id"] == conversation]
        return self.dice.choice(mine[-8:]) if mine else None

    # --- Counting -----------------------------------------------------------------------------------------------
    def recount(self) -> None:
        """Everybody's counts, compared wherever they stand."""
        for who in self.cast:
            wanted = {c: self._counted(who, c) for c, inside in self.inside.items() if who in inside}
            self.seen |= set(wanted.values())
            rows = who.get("conversations/?limit=100")["results"]
            snapshot = who.get("sync/")["conversations"]
            for found in (rows, snapshot, [who.row(conversation) for conversation in wanted]):
                assert {row["id"]: (row["unread_count"], row["mention_count"]) for row in found} == wanted, who.name
            assert who.get("messages/unread/") == {
                "messages": sum(unread for unread, _ in wanted.values()),
                "conversations": sum(1 for unread, _ in wanted.values() if unread),
                "mentions": sum(mentions for _, mentions in wanted.values()),
            }

    def _counted(self, who: Person, conversation: str) -> tuple[int, int]:
        """What lies behind the read mark, is not deleted, and comes from nobody they block; and names them."""
        mark = who.row(conversation)["membership"]["last_read_seq"]
        after = [m for m in who.history(conversation) if m["seq"] > mark and not m["is_deleted"]]
        after = [m for m in after if (who.id, m["sender"]["id"]) not in self.blocks]
        naming = [m for m in after if who.id in m["mentions"] or (m["mentions_all"] and m["sender"]["id"] != who.id)]
        return len(after), len(naming)
