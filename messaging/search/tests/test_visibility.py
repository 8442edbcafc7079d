"""Who finds a message: its conversation's members, as long as they are, and as it reads now."""

from messaging.search.tests.hits import contents, find
from messaging.tests.test_blocks import block


def test_only_members_find_a_message(scene) -> None:
    alice, bob, carol, group = scene
    alice.write(group, "A secret plan")
    assert contents(bob, "secret") == contents(alice, "secret") == ["A secret plan"]
    assert contents(carol, "secret") == []


def test_former_members_find_nothing_until_they_join_again(scene) -> None:
    alice, bob, carol, group = scene
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id})
    alice.write(group, "A secret plan")
    assert contents(bob, "secret") == contents(carol, "secret") == ["A secret plan"]

    bob.call("DELETE", f"conversations/{group}/members/me/")
    alice.call("DELETE", f"conversations/{group}/members/{carol.id}/")
    assert contents(bob, "secret") == contents(carol, "secret") == []

    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})
    assert contents(bob, "secret") == ["A secret plan"]


def test_with_history_from_joining_older_messages_are_not_found(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(history="joined")
    alice.write(group, "The old plan")
    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})
    alice.write(group, "The new plan")

    assert contents(bob, "plan") == contents(bob, "plan", conversation=group) == ["The new plan"]
    assert len(find(alice, "plan")) == 2


def test_a_deleted_conversation_is_not_searched(scene) -> None:
    alice, bob, _, group = scene
    alice.write(group, "A secret plan")
    assert find(bob, "secret")
    alice.call("DELETE", f"conversations/{group}/")
    assert find(bob, "secret") == find(alice, "secret") == []


def test_deleted_and_edited_text_is_not_found(scene) -> None:
    alice, bob, _, group = scene
    gone, changed = alice.write(group, "First apple"), alice.write(group, "Second apple")
    assert len(find(bob, "apple")) == 2

    alice.call("DELETE", f"messages/{gone['id']}/")
    alice.call("PATCH", f"messages/{changed['id']}/", json={"content": "Second pear"})

    assert find(bob, "apple") == find(bob, "first") == []
    assert contents(bob, "pear") == contents(bob, "second") == ["Second pear"]
    alice.call("DELETE", f"messages/{changed['id']}/")
    assert find(bob, "pear") == []


def test_an_edited_message_keeps_its_position_in_the_results(scene) -> None:
    alice, _, _, group = scene
    first = alice.write(group, "One pear")
    alice.write(group, "Two apples")
    alice.call("PATCH", f"messages/{first['id']}/", json={"content": "One apples"})
    assert contents(alice, "apples") == ["Two apples", "One apples"]


def test_messages_of_blocked_users_are_folded(scene) -> None:
    alice, bob, _, group = scene
    bob.write(group, "The plan of bob")
    alice.write(group, "The plan of alice")
    block(alice, bob)
    shown = [(hit["message"]["content"], hit["message"].get("is_folded")) for hit in find(alice, "plan")]
    assert shown == [("The plan of alice", None), ("The plan of bob", True)]
    assert "status" in find(alice, "alice")[0]["message"]


def test_searching_needs_a_sign_in(solo, api) -> None:
    assert api.get("/api/v1/messages/search/?q=hello").status_code == 401
    assert solo.code("GET", "messages/search/?q=hello") == "ok"
