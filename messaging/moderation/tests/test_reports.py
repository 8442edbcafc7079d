"""Reports: bob asks the operators to look at something; nobody else hears of it."""

import uuid

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import Person
from messaging.tests.conftest import GENEROUS, cast_on


def report(one: Person, path: str, **body: object) -> str:
    return one.code("POST", f"{path}/report/", {"reason": "spam", **body})


async def test_a_report_is_kept_once_and_heard_by_nobody(person) -> None:
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    sent = alice.write(group)
    path = f"messages/{sent['id']}/report/"

    async with alice.socket() as hers:
        first = bob.post(path, {"reason": "abuse", "comment": "See for yourself"})
        again = bob.post(path, {"reason": "spam"})
        await hers.quiet()

    assert first == again
    assert first["status"] == "open"
    assert {f["type"] for f in hers.heard} == {"hello", "pong"}
    assert bob.row(group)["seq"] == sent["seq"]
    assert bob.history(group)[0]["content"] == sent["content"]


def test_a_person_can_be_reported_by_anybody_once_while_it_is_open(person) -> None:
    alice, carol = person("alice"), person("carol")

    first, again = (carol.post(f"users/{alice.id}/report/", {"reason": "violence"}) for _ in range(2))

    assert first["id"] == again["id"]
    assert report(carol, f"users/{carol.id}") == "invalid"
    assert report(carol, f"users/{uuid.uuid4()}") == "not_found"


def test_only_what_one_may_see_and_has_not_written(person) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
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
def test_what_makes_no_sense_is_refused(person, body: dict) -> None:
    alice, bob = person("alice"), person("bob")
    sent = alice.write(alice.group(bob))

    assert report(bob, f"messages/{sent['id']}", **body) == "invalid"
    assert report(bob, f"messages/{sent['id']}") == "ok"


def test_nobody_reports_more_than_twenty_in_an_hour() -> None:
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
