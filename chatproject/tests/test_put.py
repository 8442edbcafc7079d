"""Wherever PATCH changes something, PUT does the same: clients of older APIs send it."""

import pytest

from chatproject.tests.operations import operations
from conversations import services

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]

REPLACING = {"users/me/"}
"""Where PUT had a meaning of its own before."""


def test_every_route_with_patch_takes_put_for_the_same() -> None:
    found = {(one.method, one.route): one for one in operations()}
    changing = [route for method, route in found if method == "PATCH" and route not in REPLACING]

    assert len(changing) >= 6
    for route in changing:
        assert ("PUT", route) in found, route
        assert found["PUT", route].about is found["PATCH", route].about, route


def test_what_a_put_does_not_name_stays(alice, sign_in) -> None:
    group = services.create_group(
        alice, name="Friends", description="Old ones", member_ids=[], history="all", members_can_invite=False
    )
    client = sign_in(alice)
    path = f"/api/v1/conversations/{group.id}/"

    renamed = client.put(path, {"name": "Good friends"})
    mine = client.put(f"{path}members/me/", {"nickname": "Al"})
    wrong = client.put(path, {"nome": "x"})

    assert (renamed.status_code, renamed.json()["name"], renamed.json()["description"]) == (
        *(200, "Good friends"),
        "Old ones",
    )
    assert (mine.status_code, mine.json()["nickname"]) == (200, "Al")
    assert [error["field"] for error in wrong.json()["errors"]] == ["nome"]
