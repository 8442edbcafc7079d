"""Writing says that one has read what came before, unless the message says that it does not."""

import pytest

UNREAD = {"marks_read": False}


@pytest.fixture
def group(person):
    """alice and bob in a group."""
    alice, bob = person("alice"), person("bob")
    return alice, bob, alice.group(bob)


def standing(one, place: str) -> tuple[int, int]:
    """Where somebody's read mark stands, and how much they have not read."""
    row = one.row(place)
    return row["membership"]["last_read_seq"], row["unread_count"]


def test_whoever_writes_without_having_read_leaves_it_unread(group) -> None:
    alice, bob, place = group
    theirs = bob.write(place)
    before, _ = standing(alice, place)

    alice.write(place, **UNREAD)
    alice.write(place, **UNREAD)

    assert standing(alice, place) == (before, 1), "one's own are nothing unread"
    assert bob.get(f"messages/{theirs['id']}/")["status"] != "read"
    assert bob.get(f"messages/{theirs['id']}/receipts/")["read"] == []
    assert alice.get("messages/unread/")["messages"] == 1


def test_the_mark_goes_along_where_nothing_lies_between(group) -> None:
    alice, bob, place = group
    theirs = bob.write(place)
    alice.post(f"conversations/{place}/read/", {"seq": theirs["seq"]})

    first, second = alice.write(place, **UNREAD), alice.write(place, **UNREAD)

    assert first["seq"] < second["seq"]
    assert standing(alice, place) == (second["seq"], 0)


def test_whoever_says_nothing_has_read_what_came_before(group) -> None:
    alice, bob, place = group
    bob.write(place)
    alice.write(place, **UNREAD)
    mine = alice.write(place)

    assert standing(alice, place) == (mine["seq"], 0)


def test_saying_it_otherwise_makes_no_other_message_of_a_repeat(group) -> None:
    alice, bob, place = group
    bob.write(place)
    sent = alice.write(place, client_id="one-and-the-same", **UNREAD)

    assert alice.write(place, client_id="one-and-the-same")["id"] == sent["id"]
    assert standing(alice, place)[1] == 1


def test_what_is_marked_as_unread_stays_so(group) -> None:
    alice, bob, place = group
    bob.write(place)
    alice.call("PATCH", f"conversations/{place}/members/me/", json={"is_marked_unread": True})
    alice.write(place, **UNREAD)
    assert alice.row(place)["membership"]["is_marked_unread"] is True

    alice.write(place)
    assert alice.row(place)["membership"]["is_marked_unread"] is False


async def test_over_the_socket_it_is_the_same(group) -> None:
    alice, bob, place = group
    bob.write(place)
    async with alice.socket() as hers:
        await hers.say(place, "Hello", **UNREAD)

    assert standing(alice, place)[1] == 1
