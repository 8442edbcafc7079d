"""What is promised under races: real requests at once against a real server, and afterwards everything still holds.

`RACE_ROUNDS` says how often each is run: 5 by default.
"""

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from chatcrypt import CURVE, make_device

from chatproject.tests.server import Server
from messaging.tests.client import Person
from messaging.tests.conftest import GENEROUS, cast_on
from messaging.tests.faults.checker import stored
from messaging.tests.sealing import Sealer

ROUNDS = int(os.environ.get("RACE_ROUNDS", "5"))
LIKE = "\N{THUMBS UP SIGN}"
Deed = Callable[[], str]


@pytest.fixture(scope="module")
def racing() -> Iterator[Server]:
    """A server with as many database threads as a real one."""
    with Server(env={**GENEROUS, "DATABASE_THREADS": "8"}) as server:
        yield server


@pytest.fixture
def person(racing: Server) -> Callable[[str], Person]:
    return cast_on(racing)


@pytest.fixture
def dice() -> random.Random:
    return random.Random(11)


def at_once(*deeds: Deed) -> list[str]:
    """Do all at the same moment, each in a thread of its own; their codes. None may be a fault of ours."""
    gate = threading.Barrier(len(deeds))

    def run(deed: Deed) -> str:
        gate.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        codes = list(threads.map(run, deeds))
    assert not {"internal", "unavailable"} & set(codes), codes
    return codes


def sound(one: Person, conversation: str) -> None:
    """What must hold of every conversation at any time, as a member and the tables see it."""
    members = one.get(f"conversations/{conversation}/members/?limit=100")["results"]
    row = one.row(conversation)
    assert row["member_count"] == len(members)
    assert row["kind"] == "direct" or "owner" in [member["role"] for member in members]
    places = stored(one.server, conversation)
    assert [place.seq for place in places] == list(range(1, row["seq"] + 1))
    entries = one.get(f"conversations/{conversation}/log/?after={max(0, row['seq'] - 400)}")["entries"]
    assert [entry["seq"] for entry in entries] == list(range(max(0, row["seq"] - 400) + 1, row["seq"] + 1))


def asking(one: Person, method: str, path: str, body: object = None) -> Deed:
    return lambda: one.code(method, path, body)


def leaving(one: Person, conversation: str) -> Deed:
    return asking(one, "DELETE", f"conversations/{conversation}/members/me/")


def removing(one: Person, other: Person, conversation: str) -> Deed:
    return asking(one, "DELETE", f"conversations/{conversation}/members/{other.id}/")


def adding(one: Person, other: Person, conversation: str, role: str = "member") -> Deed:
    return asking(one, "POST", f"conversations/{conversation}/members/", {"user_id": other.id, "role": role})


def accepting(one: Person, token: str) -> Deed:
    return asking(one, "POST", f"invites/{token}/accept/")


def writing(one: Person, conversation: str, **more: object) -> Deed:
    return asking(one, "POST", f"conversations/{conversation}/messages/", {"content": "Hi", **more})


def test_two_owners_remove_each_other(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(carol)

    for _ in range(ROUNDS):
        assert adding(alice, bob, group, "owner")() == "ok"
        codes = at_once(removing(alice, bob, group), removing(bob, alice, group))
        assert sorted(codes) == ["not_found", "ok"]
        if codes[1] == "ok":
            alice, bob = bob, alice
        sound(alice, group)


def test_two_owners_leave(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(carol)

    for _ in range(ROUNDS):
        assert adding(alice, bob, group, "owner")() == "ok"
        codes = at_once(leaving(alice, group), leaving(bob, group))
        assert sorted(codes) == ["last_owner", "ok"]
        if codes[0] == "ok":
            alice, bob = bob, alice
        sound(alice, group)


def test_two_owners_step_down_while_a_third_leaves(person) -> None:
    alice, bob, carol, dave = (person(name) for name in ("alice", "bob", "carol", "dave"))
    group = alice.group(dave)

    def steps_down(one: Person) -> Deed:
        return asking(one, "PATCH", f"conversations/{group}/members/me/", {"role": "member"})

    for _ in range(ROUNDS):
        for one in (bob, carol):
            adding(alice, one, group)()
            alice.code("PATCH", f"conversations/{group}/members/{one.id}/", {"role": "owner"})
        codes = at_once(steps_down(alice), steps_down(bob), leaving(carol, group))
        assert sorted(codes) == ["last_owner", "ok", "ok"]
        sound(dave, group)
        if codes.index("last_owner") == 1:
            alice, bob = bob, alice
        elif codes.index("last_owner") == 2:
            alice, carol = carol, alice


def test_one_direct_conversation_however_often_it_is_begun(person) -> None:
    for _ in range(max(1, ROUNDS // 5)):
        alice, bob = person("alice"), person("bob")
        found: list[tuple[int, str]] = []

        def opening(one: Person, other: Person, found: list[tuple[int, str]] = found) -> Deed:
            def deed() -> str:
                answer = one.call("POST", "conversations/", json={"kind": "direct", "user_id": other.id})
                found.append((answer.status_code, answer.json().get("id")))
                return "ok" if answer.is_success else answer.json()["code"]

            return deed

        assert set(at_once(*[opening(alice, bob), opening(bob, alice)] * 25)) == {"ok"}
        assert len({id_ for _, id_ in found}) == 1
        assert Counter(status for status, _ in found) == {201: 1, 200: 49}
        for one in (alice, bob):
            assert len(one.get("conversations/")["results"]) == 1
        alice.write(found[0][1])
        sound(bob, found[0][1])


def test_of_edits_and_a_deletion_the_deletion_is_final(person) -> None:
    alice, bob = person("alice"), person("bob")
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
    sound(alice, group)


def test_adding_and_removing_the_same_person(person, dice) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    group = alice.group(carol)
    alice.call("PATCH", f"conversations/{group}/members/{carol.id}/", json={"role": "admin"})

    for _ in range(ROUNDS):
        deeds = [adding(alice, bob, group), adding(carol, bob, group), removing(alice, bob, group)]
        deeds.append(removing(carol, bob, group))
        dice.shuffle(deeds)
        assert set(at_once(*deeds)) <= {"ok", "not_found"}
        members = {m["user"]["id"] for m in alice.get(f"conversations/{group}/members/")["results"]}
        assert (bob.id in members) is (bob.code("GET", f"conversations/{group}/") == "ok")
        sound(alice, group)


def test_sending_against_being_removed(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group()

    for _ in range(ROUNDS):
        adding(alice, bob, group)()
        codes = at_once(*[writing(bob, group)] * 4, removing(alice, bob, group))
        assert codes[-1] == "ok"
        assert set(codes) <= {"ok", "not_found"}
        entries = alice.get(f"conversations/{group}/log/?after={max(0, alice.row(group)['seq'] - 6)}")["entries"]
        removed = max(n for n, entry in enumerate(entries) if entry["type"] == "member.removed")
        assert [e for e in entries[removed:] if e["type"] == "message.created"] == [], "nothing from behind the door"
        sound(alice, group)


def test_marks_from_five_devices_in_random_order(person, dice) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)

    for _ in range(ROUNDS):
        seqs = [alice.write(group)["seq"] for _ in range(5)]
        dice.shuffle(seqs)
        places: list[int] = []

        def marking(seq: int, kind: str, places: list[int] = places) -> Deed:
            def deed() -> str:
                answer = bob.call("POST", f"conversations/{group}/{kind}/", json={"seq": seq})
                places.append(answer.json().get("seq", 0))
                return "ok" if answer.is_success else answer.json()["code"]

            return deed

        kinds = [dice.choice(["read", "delivered"]) for _ in seqs[:-1]]
        deeds = [marking(seq, kind) for seq, kind in zip(seqs, [*kinds, "read"], strict=True)]
        assert set(at_once(*deeds)) == {"ok"}
        assert all(place >= seq for place, seq in zip(sorted(places), sorted(seqs), strict=True))
        row = bob.row(group)
        read = max(seq for seq, kind in zip(seqs, [*kinds, "read"], strict=True) if kind == "read")
        assert row["membership"]["last_read_seq"] == read
        assert row["membership"]["last_delivered_seq"] == max(seqs)
        assert row["unread_count"] == sum(1 for seq in seqs if seq > read)
        bob.post(f"conversations/{group}/read/", {"seq": row["seq"]})
    sound(bob, group)


def test_joining_against_being_banned(person) -> None:
    alice, bob = person("alice"), person("bob")
    channel = alice.post("conversations/", {"kind": "channel", "name": f"News {alice.name}"})["id"]
    token = alice.post(f"conversations/{channel}/invites/")["token"]

    for _ in range(ROUNDS):
        codes = at_once(
            asking(alice, "POST", f"conversations/{channel}/bans/", {"user_id": bob.id}),
            asking(bob, "POST", f"conversations/{channel}/join/"),
            accepting(bob, token),
            adding(alice, bob, channel),
        )
        assert codes[0] == "ok"
        assert set(codes[1:]) <= {"ok", "banned", "not_found"}
        assert bob.code("GET", f"conversations/{channel}/") == "not_found", "who is banned is not in it"
        assert alice.row(channel)["member_count"] == 1
        sound(alice, channel)
        assert alice.code("DELETE", f"conversations/{channel}/bans/{bob.id}/") == "ok"


def test_the_last_one_leaving_against_coming_in(person) -> None:
    alice, bob = person("alice"), person("bob")

    for _ in range(ROUNDS):
        group = alice.group()
        token = alice.post(f"conversations/{group}/invites/")["token"]
        codes = at_once(leaving(alice, group), accepting(bob, token))
        assert codes in (["ok", "not_found"], ["last_owner", "ok"])
        assert bob.code("GET", f"conversations/{group}/") == codes[1]
        assert accepting(bob, token)() == codes[1]


def test_the_last_use_of_an_invitation(person) -> None:
    alice = person("alice")
    others = [person(f"p{n}") for n in range(20)]

    for _ in range(ROUNDS):
        group = alice.group()
        token = alice.post(f"conversations/{group}/invites/", {"max_uses": 1})["token"]
        codes = at_once(*[accepting(one, token) for one in others])
        assert Counter(codes) == {"ok": 1, "not_found": 19}
        assert alice.row(group)["member_count"] == 2
        sound(alice, group)


def test_one_person_accepts_twenty_times(person) -> None:
    alice, bob = person("alice"), person("bob")

    for _ in range(ROUNDS):
        group = alice.group()
        token = alice.post(f"conversations/{group}/invites/", {"max_uses": 2})["token"]
        assert set(at_once(*[accepting(bob, token)] * 20)) == {"ok"}
        assert [i["uses"] for i in alice.get(f"conversations/{group}/invites/")["results"]] == [1]
        sound(alice, group)


def test_ten_people_react_and_take_it_back(person, dice) -> None:
    alice = person("alice")
    others = [person(f"p{n}") for n in range(10)]
    group = alice.group(*others)
    message = alice.write(group)
    path = f"messages/{message['id']}/reactions/{LIKE}/"

    for _ in range(ROUNDS):
        methods = [dice.choice(["PUT", "DELETE"]) for _ in others]
        deeds = [asking(one, method, path) for one, method in zip(others, methods, strict=True)]
        assert set(at_once(*deeds)) == {"ok"}
        wanted = {one.id for one, method in zip(others, methods, strict=True) if method == "PUT"}
        shown = alice.get(f"messages/{message['id']}/")["reactions"].get(LIKE, {"count": 0, "user_ids": []})
        assert (shown["count"], set(shown["user_ids"])) == (len(wanted), wanted)
        assert set(at_once(*[asking(others[0], "PUT", path)] * 5)) == {"ok"}
        assert alice.get(f"messages/{message['id']}/")["reactions"][LIKE]["count"] == len(wanted | {others[0].id})
    sound(alice, group)


def test_replies_and_their_deletions_are_counted_exactly(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)

    for _ in range(ROUNDS):
        root = alice.write(group, "Root")
        old = [bob.write(group, "Old", thread_id=root["id"]) for _ in range(3)]
        deleting = [asking(bob, "DELETE", f"messages/{message['id']}/") for message in old]
        replying = [writing(alice, group, thread_id=root["id"])] * 4
        assert set(at_once(*deleting, *replying, *[writing(bob, group)] * 2)) == {"ok"}
        thread = alice.get(f"messages/{root['id']}/replies/?limit=100")
        assert thread["reply_count"] == len([m for m in thread["results"] if not m["is_deleted"]]) == 4
    sound(alice, group)


def test_sealing_against_changing_devices_and_members(person) -> None:
    alice, carol = person("alice"), person("carol")
    hers = Sealer(alice)

    for _ in range(ROUNDS):
        bob = person("bob")
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
        sound(alice, group)
        entries = alice.get(f"conversations/{group}/log/?after=0")["entries"]
        for message in (entry["data"]["message"] for entry in entries if entry["type"] == "message.created"):
            at = message["envelope"]["roster_seq"]
            _, devices = hers.roster(group, at)
            assert [row["device"] for row in message["envelope"]["recipients"]] == sorted(one.id for one in devices)
            between = [entry for entry in entries if at < entry["seq"] < message["seq"]]
            assert not [entry for entry in between if changes_roster(entry)]
        assert hers.read(hers.write(group, "in the end")) == "in the end"


def writing_sealed(one: Person, conversation: str, body: dict[str, object]) -> Deed:
    return asking(one, "POST", f"conversations/{conversation}/messages/", body)


def changes_roster(entry: dict) -> bool:
    return entry["type"] in ("member.added", "member.removed") or entry["data"].get("changed") == "devices"
