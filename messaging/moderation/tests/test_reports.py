"""Reports: bob reports something to the moderators, and no one else learns of it."""

import uuid

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, cast_on


def report(one: Person, path: str, **body: object) -> str:
    return one.code("POST", f"{path}/report/", {"reason": "spam", **body})


async def test_a_report_is_stored_once_and_not_published(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    sent = alice.write(group)
    path = f"messages/{sent['id']}/report/"

    async with alice.socket() as hers:
        first = bob.post(path, {"reason": "abuse", "comment": "See for yourself"})
        again = bob.post(path, {"reason": "spam"})
        await hers.quiet()

    assert first == again
    assert first["status"] == "open"
    assert {f["type"] for f in hers.received} == {"hello", "pong"}
    assert bob.row(group)["seq"] == sent["seq"]
    assert bob.history(group)[0]["content"] == sent["content"]


def test_a_user_can_be_reported_once_while_the_report_is_open(signed_up) -> None:
    alice, carol = signed_up("alice"), signed_up("carol")

    first, again = (carol.post(f"users/{alice.id}/report/", {"reason": "violence"}) for _ in range(2))

    assert first["id"] == again["id"]
    assert report(carol, f"users/{carol.id}") == "invalid"
    assert report(carol, f"users/{uuid.uuid4()}") == "not_found"


def test_only_visible_messages_of_others_can_be_reported(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob, history="joined")
    sent = alice.write(group)
    path = f"messages/{sent['id']}"

    assert report(carol, path) == "not_found"
    assert report(alice, path) == "invalid"
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id})
    assert report(carol, path) == "not_found"
    assert report(bob, path) == "ok"
    bob.call("DELETE", f"conversations/{group}/members/me/")
    assert report(bob, path) == "not_found"
    alice.post(f"conversations/{group}/members/", {"user_id": bob.id})
    new = alice.write(group)
    alice.call("DELETE", f"messages/{new['id']}/")
    assert report(bob, f"messages/{new['id']}") == "not_found"


@pytest.mark.parametrize("body", [{"reason": "boring"}, {"reason": None}, {"comment": "x" * 1001}, {"comment": 1}])
def test_invalid_reports_are_refused(signed_up, body: dict) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    sent = alice.write(alice.group(bob))

    assert report(bob, f"messages/{sent['id']}", **body) == "invalid"
    assert report(bob, f"messages/{sent['id']}") == "ok"


def test_reports_are_limited_to_twenty_an_hour() -> None:
    with Server(env={**GENEROUS, "RATE_REPORTS": "20/h"}) as server:
        person = cast_on(server)
        alice, bob = person("alice"), person("bob")
        group = alice.group(bob)
        sent = [alice.write(group) for _ in range(21)]

        codes = [report(bob, f"messages/{message['id']}") for message in sent]

        assert codes == ["ok"] * 20 + ["rate_limited"]
        assert report(bob, f"messages/{sent[0]['id']}") == "ok", "what is known already costs nothing"
        answer = bob.call("POST", f"users/{alice.id}/report/", json={"reason": "spam"})
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
