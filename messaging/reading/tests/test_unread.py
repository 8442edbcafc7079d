"""Unread counts are exact whatever happened, and the same wherever they are shown."""

import random

ACTIONS = 200


def test_a_random_walk_agrees_with_a_recount(signed_up) -> None:
    cast = [signed_up(name) for name in ("alice", "bob", "carol")]
    group = cast[0].group(*cast[1:], history="joined" if random.random() < 0.5 else "all")
    cast[0].call("PATCH", f"conversations/{group}/members/{cast[1].id}/", json={"role": "owner"})
    walk = Walk(cast, group)

    for step in range(ACTIONS):
        walk.step()
        if step % 20 == 19:
            walk.recount()


class Walk:
    """Three people who write, delete, read, leave and come back."""

    def __init__(self, cast: list, group: str) -> None:
        self.cast, self.group = cast, group
        self.sent: list[tuple[object, str]] = []
        self.inside = list(cast)

    def step(self) -> None:
        who = random.choice(self.inside)
        action = random.choice([self.write] * 6 + [self.delete] * 3 + [self.read] * 3 + [self.leave, self.come_back])
        action(who)

    def write(self, who) -> None:
        self.sent.append((who, who.write(self.group)["id"]))

    def delete(self, who) -> None:
        mine = [entry for entry in self.sent if entry[0] is who]
        if mine:
            entry = random.choice(mine)
            if who.call("DELETE", f"messages/{entry[1]}/").status_code == 204:
                self.sent.remove(entry)

    def read(self, who) -> None:
        who.post(f"conversations/{self.group}/read/", {"seq": random.randint(0, who.row(self.group)["seq"])})

    def leave(self, who) -> None:
        if who is self.cast[2] and len(self.inside) == 3:
            assert who.call("DELETE", f"conversations/{self.group}/members/me/").status_code == 204
            self.inside.remove(who)

    def come_back(self, who) -> None:
        if len(self.inside) == 2:
            self.cast[0].post(f"conversations/{self.group}/members/", {"user_id": self.cast[2].id})
            self.inside.append(self.cast[2])

    def recount(self) -> None:
        """What a member sees after their mark, without tombstones and without their own."""
        for who in self.inside:
            row = who.row(self.group)
            mark = row["membership"]["last_read_seq"]
            after = [m for m in who.history(self.group) if m["seq"] > mark and not m["is_deleted"]]
            assert row["unread_count"] == len(after)
            unread = who.get("messages/unread/")
            assert unread == {"messages": len(after), "conversations": int(bool(after)), "mentions": 0}


async def test_hello_and_the_list_agree(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    groups = [alice.group(bob) for _ in range(4)]
    for n, group in enumerate(groups):
        sent = [alice.write(group) for _ in range(n)]
        for message in sent[:1]:
            alice.call("DELETE", f"messages/{message['id']}/")
        for message in sent[2:3]:
            bob.post(f"conversations/{group}/read/", {"seq": message["seq"] - 1})

    async with bob.socket() as his:
        hello = his.of("hello")[0]["data"]

    rows = {row["id"]: row for row in bob.get("conversations/")["results"]}
    assert {c["id"]: c["unread_count"] for c in hello["conversations"]} == {
        id_: row["unread_count"] for id_, row in rows.items()
    }
    assert [rows[group]["unread_count"] for group in groups] == [0, 0, 1, 1]
    assert hello["unread"] == bob.get("messages/unread/") == {"messages": 2, "conversations": 2, "mentions": 0}
    for shown in hello["conversations"]:
        row = rows[shown["id"]]
        assert (shown["seq"], shown["last_read_seq"]) == (row["seq"], row["membership"]["last_read_seq"])
        assert shown["visible_from_seq"] == row["membership"]["visible_from_seq"] == 0


def test_sending_a_message_marks_everything_before_as_read(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    alice.write(group)
    assert bob.row(group)["unread_count"] == 1

    sent = bob.write(group)

    assert bob.row(group)["unread_count"] == 0
    assert bob.row(group)["membership"]["last_read_seq"] == sent["seq"]
    assert alice.row(group)["unread_count"] == 1
