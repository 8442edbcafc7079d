"""What is promised of messages, when real requests come at once to a real server: afterwards everything still holds."""

import pytest
from chatcrypt import CURVE, make_device

from messaging.tests.client import Person
from messaging.tests.faults.races.actions import (
    ROUNDS,
    Action,
    adding,
    asking,
    at_once,
    check_consistent,
    removing,
    writing,
)
from messaging.tests.sealing import Sealer

pytestmark = pytest.mark.search
LIKE = "\N{THUMBS UP SIGN}"


def test_of_edits_and_a_deletion_the_deletion_is_final(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    for _ in range(ROUNDS):
        message = bob.write(group, "canary")
        path = f"messages/{message['id']}/"
        codes = at_once(
            asking(bob, "PATCH", path, {"content": "canary 1"}),
            asking(bob, "PATCH", path, {"content": f"canary 2 @{alice.name}"}),
            asking(alice, "DELETE", path),
            asking(alice, "PUT", f"{path}reactions/{LIKE}/"),
            asking(alice, "PUT", f"{path}pin/"),
        )
        assert codes[2] == "ok"
        assert set(codes) <= {"ok", "not_found"}
        shown = alice.get(path)
        assert (shown["is_deleted"], shown["content"], shown["reactions"], shown["mentions"], shown["is_pinned"]) == (
            True, "", {}, [], False,
        )  # fmt: skip
        log = alice.get(f"conversations/{group}/log/?after={message['seq'] - 1}")["entries"]
        assert "canary" not in str(log)
        assert log[-1]["type"] == "message.deleted"
        assert alice.row(group)["mention_count"] == 0
    check_consistent(alice, group)


def test_sending_against_being_removed(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group()

    for _ in range(ROUNDS):
        adding(alice, bob, group)()
        codes = at_once(*[writing(bob, group)] * 4, removing(alice, bob, group))
        assert codes[-1] == "ok"
        assert set(codes) <= {"ok", "not_found"}
        entries = alice.get(f"conversations/{group}/log/?after={max(0, alice.row(group)['seq'] - 6)}")["entries"]
        removed = max(n for n, entry in enumerate(entries) if entry["type"] == "member.removed")
        assert [e for e in entries[removed:] if e["type"] == "message.created"] == [], "nothing after the removal"
        check_consistent(alice, group)


def test_marks_from_five_devices_in_random_order(signed_up, dice) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    for _ in range(ROUNDS):
        seqs = [alice.write(group)["seq"] for _ in range(5)]
        dice.shuffle(seqs)
        marks: list[int] = []

        def marking(seq: int, kind: str, marks: list[int] = marks) -> Action:
            def act() -> str:
                answer = bob.call("POST", f"conversations/{group}/{kind}/", json={"seq": seq})
                marks.append(answer.json().get("seq", 0))
                return "ok" if answer.is_success else answer.json()["code"]

            return act

        kinds = [dice.choice(["read", "delivered"]) for _ in seqs[:-1]]
        actions = [marking(seq, kind) for seq, kind in zip(seqs, [*kinds, "read"], strict=True)]
        assert set(at_once(*actions)) == {"ok"}
        assert all(mark >= seq for mark, seq in zip(sorted(marks), sorted(seqs), strict=True))
        row = bob.row(group)
        read = max(seq for seq, kind in zip(seqs, [*kinds, "read"], strict=True) if kind == "read")
        assert row["membership"]["last_read_seq"] == read
        assert row["membership"]["last_delivered_seq"] == max(seqs)
        assert row["unread_count"] == sum(1 for seq in seqs if seq > read)
        bob.post(f"conversations/{group}/read/", {"seq": row["seq"]})
    check_consistent(bob, group)


def test_ten_people_react_and_take_it_back(signed_up, dice) -> None:
    alice = signed_up("alice")
    others = [signed_up(f"p{n}") for n in range(10)]
    group = alice.group(*others)
    message = alice.write(group)
    path = f"messages/{message['id']}/reactions/{LIKE}/"

    for _ in range(ROUNDS):
        methods = [dice.choice(["PUT", "DELETE"]) for _ in others]
        actions = [asking(one, method, path) for one, method in zip(others, methods, strict=True)]
        assert set(at_once(*actions)) == {"ok"}
        wanted = {one.id for one, method in zip(others, methods, strict=True) if method == "PUT"}
        shown = alice.get(f"messages/{message['id']}/")["reactions"].get(LIKE, {"count": 0, "user_ids": []})
        assert (shown["count"], set(shown["user_ids"])) == (len(wanted), wanted)
        assert set(at_once(*[asking(others[0], "PUT", path)] * 5)) == {"ok"}
        assert alice.get(f"messages/{message['id']}/")["reactions"][LIKE]["count"] == len(wanted | {others[0].id})
    check_consistent(alice, group)


def test_replies_and_their_deletions_are_counted_exactly(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    for _ in range(ROUNDS):
        root = alice.write(group, "Root")
        old = [bob.write(group, "Old", thread_id=root["id"]) for _ in range(3)]
        deleting = [asking(bob, "DELETE", f"messages/{message['id']}/") for message in old]
        replying = [writing(alice, group, thread_id=root["id"])] * 4
        assert set(at_once(*deleting, *replying, *[writing(bob, group)] * 2)) == {"ok"}
        thread = alice.get(f"messages/{root['id']}/replies/?limit=100")
        assert thread["reply_count"] == len([m for m in thread["results"] if not m["is_deleted"]]) == 4
    check_consistent(alice, group)


def test_sealing_against_changing_devices_and_members(signed_up) -> None:
    alice, carol = signed_up("alice"), signed_up("carol")
    hers = Sealer(alice)

    for _ in range(ROUNDS):
        bob = signed_up("bob")
        his, phone = Sealer(bob), bob.again()
        group = alice.group(bob, encryption="e2ee")
        bundle = make_device(bob.id, CURVE).public.bundle
        sealed = [sealer.seal(group, "Hi") for sealer in (hers, his, hers, his)]
        codes = at_once(
            *(writing_sealed(sealer.person, group, body) for sealer, body in zip((hers, his) * 2, sealed, strict=True)),
            asking(phone, "POST", "encryption/devices/", bundle),
            adding(alice, carol, group),
            asking(bob, "DELETE", f"encryption/devices/{his.id}/"),
        )
        assert codes[4:] == ["ok"] * 3
        assert set(codes[:4]) <= {"ok", "stale_devices"}
        check_consistent(alice, group)
        entries = alice.get(f"conversations/{group}/log/?after=0")["entries"]
        for message in (entry["data"]["message"] for entry in entries if entry["type"] == "message.created"):
            at = message["envelope"]["roster_seq"]
            _, devices = hers.roster(group, at)
            assert [row["device"] for row in message["envelope"]["recipients"]] == sorted(one.id for one in devices)
            between = [entry for entry in entries if at < entry["seq"] < message["seq"]]
            assert not [entry for entry in between if changes_roster(entry)]
        assert hers.read(hers.write(group, "in the end")) == "in the end"


def writing_sealed(one: Person, conversation: str, body: dict[str, object]) -> Action:
    return asking(one, "POST", f"conversations/{conversation}/messages/", body)


def changes_roster(entry: dict) -> bool:
    return entry["type"] in ("member.added", "member.removed") or entry["data"].get("changed") == "devices"
