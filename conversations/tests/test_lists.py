"""Lists are paged by key: each row once in both directions, whatever the page size. Forged cursors are refused."""

import base64
import json

import msgspec
import pytest

from messaging.tests.client import cast_on

ROWS = 7


@pytest.fixture(scope="module")
def scene(server):
    """alice in seven groups, and in one of them seven people whose names begin alike."""
    person = cast_on(server)
    alice = person("alice")
    people = [person("zoe") for _ in range(ROWS - 1)]
    groups = [alice.group() for _ in range(ROWS - 1)]
    group = alice.group(*people)
    prefix = people[0].name[: len("zoe-12345678")]
    names = {one.id for one in people}
    return alice, {
        "conversations/": {*groups, group},
        f"conversations/{group}/members/": {alice.id, *names},
        f"conversations/{group}/members/?search={prefix}": names,
        f"users/?search={prefix}": names,
        "sync/?per_conversation=1": {*groups, group},
    }


def key_of(row: dict) -> str:
    return row["user"]["id"] if "user" in row else row["id"]


def rows_of(page: dict) -> list[str]:
    return [key_of(row) for row in page.get("results", page.get("conversations"))]


def relative(url: str) -> str:
    return url.split("/api/v1/")[1]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_paging_forward_and_back_returns_every_row_once(scene, limit: int) -> None:
    alice, lists = scene
    for path, expected in lists.items():
        url, pages = f"{path}{'&' if '?' in path else '?'}limit={limit}", []
        while url:
            pages.append(alice.get(url))
            url = pages[-1]["next"] and relative(pages[-1]["next"])
        found = [row for page in pages for row in rows_of(page)]
        assert (set(found), len(found)) == (expected, len(expected)), path
        if "previous" not in pages[-1]:
            continue
        back, page = rows_of(pages[-1]), pages[-1]
        while page["previous"]:
            page = alice.get(relative(page["previous"]))
            back = rows_of(page) + back
        assert back == found, path


def test_the_page_size_has_bounds(scene) -> None:
    alice, lists = scene
    for path in [*lists, "conversations/discover/", "users/online/"]:
        sign = "&" if "?" in path else "?"
        most = 100 if path.startswith("sync/") else 200
        for limit in ("0", "-1", str(most + 1), "x", "1e2", "", "9" * 40):
            assert alice.code("GET", f"{path}{sign}limit={limit}") == "invalid", (path, limit)
        assert alice.code("GET", f"{path}{sign}limit={most}") == "ok"


def test_forged_cursors_are_refused(scene) -> None:
    alice, lists = scene
    forged = [
        "x",
        "%00",
        "é",
        "~",
        "x" * 5000,
        base64.urlsafe_b64encode(msgspec.msgpack.encode([False, "x", "y"])).decode(),
        base64.urlsafe_b64encode(msgspec.msgpack.encode([False, ["t", "0001-01-01"], ["u", "x"]])).decode(),
        base64.urlsafe_b64encode(json.dumps({"offset": 10**12}).encode()).decode(),
    ]
    for path in lists:
        sign = "&" if "?" in path else "?"
        good = alice.get(f"{path}{sign}limit=2")["next"].split("cursor=")[1].split("&")[0]
        for cursor in [*forged, good[:-1], good[:-1] + "~", f"A{good[1:]}"]:
            assert alice.code("GET", f"{path}{sign}cursor={cursor}") == "invalid", (path, cursor)
        assert alice.code("GET", f"conversations/discover/?cursor={good}") == "invalid"
        assert alice.code("GET", f"{path}{sign}cursor={good}") == "ok"


def test_members_are_sorted_by_role_and_time_of_joining(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    alice.post(f"conversations/{group}/members/", {"user_id": carol.id, "role": "admin"})

    shown = alice.get(f"conversations/{group}/members/")["results"]

    assert [(m["user"]["id"], m["role"]) for m in shown] == [
        (alice.id, "owner"),
        (carol.id, "admin"),
        (bob.id, "member"),
    ]


def test_members_are_found_by_prefixes_of_their_names(signed_up) -> None:
    alice, bob, carol = signed_up("alice"), signed_up("bob"), signed_up("carol")
    group = alice.group(bob)
    path = f"conversations/{group}/members/?search="
    bob.call("PATCH", "users/me/", json={"full_name": "Robert Brown"})

    def found(search: str) -> list[str]:
        return [m["user"]["id"] for m in alice.get(f"{path}{search}")["results"]]

    assert found(bob.name[:5]) == found(bob.name.upper()) == found("robert%20b") == found("brown") == [bob.id]
    assert found("") == found("%20") == [alice.id, bob.id]
    assert found(carol.name) == found("own") == found("_") == found("%25") == found("bob@example") == []
    assert alice.code("GET", f"{path}%00") == alice.code("GET", f"{path}{'x' * 101}") == "invalid"
    assert carol.code("GET", f"{path}{bob.name}") == "not_found"
    bob.call("DELETE", f"conversations/{group}/members/me/")
    assert found(bob.name) == []


def test_conversations_are_sorted_by_latest_activity(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    first, second = alice.group(bob), alice.group(bob)
    assert rows_of(bob.get("conversations/")) == [second, first]

    sent = alice.write(first, "Up")

    assert rows_of(bob.get("conversations/")) == [first, second]
    assert bob.get("conversations/")["results"][0]["last_message"]["id"] == sent["id"]


def test_no_email_address_is_shown(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    alice.group(bob)

    found = alice.call("GET", f"users/?search={bob.name[:7]}").text + alice.call("GET", f"users/{bob.id}/").text

    assert bob.id in found
    assert "@example.org" not in found
    assert "password" not in found
