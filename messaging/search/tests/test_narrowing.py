"""A search is narrowed to a conversation, a user, a type and a time."""

import pytest

from messaging.search.tests.hits import contents


def test_a_search_is_narrowed_to_a_conversation_a_user_a_type_and_a_time(scene) -> None:
    alice, bob, _, group = scene
    other = bob.group(alice)
    sent = [
        who.write(where, f"plan {n}") for n, (who, where) in enumerate([(alice, group), (bob, group), (bob, other)])
    ]
    times = [message["created_at"] for message in sent]

    assert contents(alice, "plan") == ["plan 2", "plan 1", "plan 0"]
    assert contents(alice, "plan", conversation=group) == ["plan 1", "plan 0"]
    assert contents(alice, "plan", sender=bob.id) == ["plan 2", "plan 1"]
    assert contents(alice, "plan", sender=bob.id, conversation=group) == ["plan 1"]
    assert contents(alice, "plan", sender=group) == []
    assert contents(alice, "plan", content_type="text") == ["plan 2", "plan 1", "plan 0"]
    assert contents(alice, "plan", content_type="image") == []
    assert contents(alice, "plan", before=times[1]) == ["plan 0"]
    assert contents(alice, "plan", after=times[1]) == ["plan 2"]
    assert contents(alice, "plan", after=times[0], before=times[2]) == ["plan 1"]
    assert contents(alice, "plan", before=times[1].replace("Z", "+00:00")) == ["plan 0"]


def test_a_conversation_of_others_is_not_found(scene) -> None:
    alice, _, carol, group = scene
    for id_ in (group, "0190c7b4-0000-7000-8000-000000000000", "nonsense"):
        assert carol.code("GET", f"messages/search/?q=plan&conversation={id_}") == "not_found"
    assert alice.code("GET", f"messages/search/?q=plan&conversation={group}") == "ok"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender", "bob"),
        ("content_type", "nonsense"),
        ("before", "yesterday"),
        ("before", "2026-01-31"),
        ("after", "2026-01-31T12:00:00"),
        ("after", "9999-12-31T23:59:59-12:00"),
        ("after", "1767225600"),
        ("order", "oldest"),
        ("limit", "0"),
        ("limit", "201"),
        ("cursor", "nonsense"),
    ],
)
def test_invalid_parameters_are_refused(solo, name: str, value: str) -> None:
    answer = solo.call("GET", "messages/search/", params={"q": "plan", name: value})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)
