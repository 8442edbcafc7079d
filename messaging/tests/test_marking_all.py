"""A mark without a body covers everything."""

import pytest

from messaging.tests.client import http

NOTHING = {
    "no body": {},
    "an empty one": {"content": b"", "headers": {"Content-Type": "application/json"}},
    "an empty object": {"json": {}},
}


@pytest.mark.parametrize("mark", ["read", "delivered"])
@pytest.mark.parametrize("body", NOTHING)
def test_without_a_seq_everything_is_marked(signed_up, mark: str, body: str) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    last = [alice.write(group) for _ in range(3)][-1]["seq"]
    more = dict(NOTHING[body])
    headers = {**bob.headers, **more.pop("headers", {})}

    answer = http.post(f"{bob.server.url}/api/v1/conversations/{group}/{mark}/", headers=headers, **more)

    assert (answer.status_code, answer.json()) == (200, {"seq": last})
    assert bob.row(group)["membership"][f"last_{mark}_seq"] == last
    assert bob.row(group)["unread_count"] == (0 if mark == "read" else 3)


WRONG = [({"seq": None}, "seq"), ({"seq": "x"}, "seq"), ({"seq": -1}, "seq"), ({"sec": 1}, "sec"), ([1], ""), (3, "")]


@pytest.mark.parametrize(("wrong", "field"), WRONG)
def test_an_invalid_seq_is_refused_and_marks_nothing(signed_up, wrong: object, field: str) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    alice.write(group)

    answer = bob.call("POST", f"conversations/{group}/read/", json=wrong)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert bob.row(group)["unread_count"] == 1
