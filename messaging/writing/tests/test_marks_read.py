"""Sending a message marks everything before as read, unless `marks_read` is false."""

import pytest

UNREAD = {"marks_read": False}


@pytest.fixture
def group(signed_up):
    """alice and bob in a group."""
    alice, bob = signed_up("alice"), signed_up("bob")
    return alice, bob, alice.group(bob)


def read_mark_and_unread(one, conversation: str) -> tuple[int, int]:
    """The read mark of a user, and their unread count."""
    row = one.row(conversation)
    return row["membership"]["last_read_seq"], row["unread_count"]


def test_without_marks_read_older_messages_stay_unread(group) -> None:
    alice, bob, conversation = group
    theirs = bob.write(conversation)
    before, _ = read_mark_and_unread(alice, conversation)

    alice.write(conversation, **UNREAD)
    alice.write(conversation, **UNREAD)

    assert read_mark_and_unread(alice, conversation) == (before, 1), "own messages do not count as unread"
    assert bob.get(f"messages/{theirs['id']}/")["status"] != "read"
    assert bob.get(f"messages/{theirs['id']}/receipts/")["read"] == []
    assert alice.get("messages/unread/")["messages"] == 1


def test_the_mark_advances_if_there_are_no_messages_of_others_between(group) -> None:
    alice, bob, conversation = group
    theirs = bob.write(conversation)
    alice.post(f"conversations/{conversation}/read/", {"seq": theirs["seq"]})

    first, second = alice.write(conversation, **UNREAD), alice.write(conversation, **UNREAD)

    assert first["seq"] < second["seq"]
    assert read_mark_and_unread(alice, conversation) == (second["seq"], 0)


def test_by_default_a_message_marks_everything_before_as_read(group) -> None:
    alice, bob, conversation = group
    bob.write(conversation)
    alice.write(conversation, **UNREAD)
    mine = alice.write(conversation)

    assert read_mark_and_unread(alice, conversation) == (mine["seq"], 0)


def test_a_retry_with_another_marks_read_is_the_same_message(group) -> None:
    alice, bob, conversation = group
    bob.write(conversation)
    sent = alice.write(conversation, client_id="one-and-the-same", **UNREAD)

    assert alice.write(conversation, client_id="one-and-the-same")["id"] == sent["id"]
    assert read_mark_and_unread(alice, conversation)[1] == 1


def test_a_conversation_marked_as_unread_stays_so(group) -> None:
    alice, bob, conversation = group
    bob.write(conversation)
    alice.call("PATCH", f"conversations/{conversation}/members/me/", json={"is_marked_unread": True})
    alice.write(conversation, **UNREAD)
    assert alice.row(conversation)["membership"]["is_marked_unread"] is True

    alice.write(conversation)
    assert alice.row(conversation)["membership"]["is_marked_unread"] is False


async def test_marks_read_over_the_socket(group) -> None:
    alice, bob, conversation = group
    bob.write(conversation)
    async with alice.socket() as hers:
        await hers.say(conversation, "Hello", **UNREAD)

    assert read_mark_and_unread(alice, conversation)[1] == 1
