"""Repeating a request after a lost answer creates nothing twice."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatproject.tests.operations import Found, operations
from chatproject.tests.server import ROOT
from common.openapi import Raw
from messaging.tests.client import Person

CREATING = [one for one in operations() if one.method == "POST" and {201, 202} & one.about.answers.keys()]
BY_NATURE = {
    "auth/register/": "an address has one registration",
    "auth/otp/resend/": "a code replaces the one before, after a pause",
    "auth/password/reset/": "a code replaces the one before, after a pause",
    "auth/email/change/": "a code replaces the one before, after a pause",
    "conversations/<uuid:id>/members/": "a person is a member once",
    "conversations/<uuid:id>/bans/": "a person is banned once",
    "messages/<uuid:id>/report/": "a person reports a message once",
    "users/<uuid:id>/report/": "a person has one open report about another",
    "users/me/devices/": "a token stands for one device",
    "encryption/devices/": "a sign-in has one device",
    "encryption/managed/keys/": "the newest key counts, and what an older one was used for stays readable",
    "moderation/people/<uuid:id>/resend-code/": "a code replaces the one before",
}
"""What cannot be there twice, or does no harm."""


def takes_client_id(operation: Found) -> bool:
    body = operation.about.body
    return body is not None and "client_id" in (
        body.schema["properties"] if isinstance(body, Raw) else body.__struct_fields__
    )


def test_everything_that_creates_takes_a_client_id_or_is_listed_with_a_reason() -> None:
    assert {one.route for one in CREATING if not takes_client_id(one)} == BY_NATURE.keys()
    assert [one.route for one in CREATING if takes_client_id(one) and 200 not in one.about.answers] == []


JS = [path for path in (ROOT / "clients").glob("*/**/*.js") if not path.name.endswith(".test.js")]
ASKING = re.compile(r"""\.(?P<how>post|create|request)\(\s*(?:"POST",\s*)?(?P<path>[`"][^`"]+[`"]|\w+)""")


def shape(path: str) -> str:
    """A path without the ids in it, as both a route and a client write it."""
    return re.sub(r"<[^>]+>|\$\{[^}]+\}", "*", path)


def asked_by_clients() -> Iterator[tuple[str, str, str]]:
    """What clients in JavaScript ask for by POST: the file, how, and the path."""
    for file in JS:
        text = file.read_text()
        for found in ASKING.finditer(text):
            path = found["path"]
            if path.isidentifier() and (constant := re.search(rf'const {path} = ("[^"]+")', text)):
                path = constant[1]
            if path[0] in '`"':
                yield file.name, found["how"], shape(path.strip('`"'))


def test_the_clients_send_a_client_id_with_everything_they_create() -> None:
    creating = {shape(one.route) for one in CREATING if takes_client_id(one)}
    asked = list(asked_by_clients())

    assert [one for one in asked if one[1] != "create" and one[2] in creating] == []
    created = {path for _, how, path in asked if how == "create"}
    assert {path for path in creating if not path.startswith(("moderation/", "backups/"))} == created


@pytest.fixture
def alice(signed_up) -> Person:
    return signed_up("alice")


def bodies(alice: Person, operator: Person, group: str) -> list[tuple[Person, str, dict, dict]]:
    """Who asks where, for what, and for what else under the same `client_id`."""
    spam = f"spam{alice.name.rpartition('-')[2]}"
    return [
        (alice, "conversations/", {"kind": "group", "name": "Friends"}, {"kind": "group", "name": "Others"}),
        (alice, "conversations/", {"kind": "channel", "name": alice.name}, {"kind": "group", "name": alice.name}),
        (alice, f"conversations/{group}/invites/", {"max_uses": 1}, {"max_uses": 2}),
        (alice, f"conversations/{group}/messages/", {"content": "Hi"}, {"content": "Ho"}),
        (
            operator,
            "moderation/filters/",
            {"kind": "word", "pattern": spam, "action": "flag"},
            {"kind": "word", "pattern": spam, "action": "block"},
        ),
    ]


def test_a_repeat_returns_the_first_one_and_a_different_body_is_refused(alice, operator) -> None:
    group = alice.group()
    for number, (one, path, body, other) in enumerate(bodies(alice, operator, group)):
        client_id = {"client_id": f"{alice.name}-{number}"}
        first = one.call("POST", path, json=body | client_id)
        again = one.call("POST", path, json=body | client_id)
        another = one.call("POST", path, json=other | client_id)

        assert (first.status_code, again.status_code, another.status_code) == (201, 200, 409), (path, another.text)
        named = "token" if "invites" in path else "id"
        assert first.json()[named] == again.json()[named]
        assert another.json()["code"] == "idempotency_conflict"


def test_what_staff_and_users_create_is_created_once(alice) -> None:
    first = alice.call("POST", "users/me/export/", json={"client_id": "one"})
    again = alice.call("POST", "users/me/export/", json={"client_id": "one"})

    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]


def test_an_upload_is_stored_once(alice) -> None:
    group = alice.group()

    def bring(content: bytes, client_id: str = "one") -> tuple[int, dict]:
        form = {"conversation_id": group, "client_id": client_id}
        answer = alice.call("POST", "media/", data=form, files={"file": ("plan.txt", content)})
        return answer.status_code, answer.json()

    (first, upload), (again, same), (refused, why) = bring(b"The plan"), bring(b"The plan"), bring(b"Another")

    assert (first, again, refused) == (201, 200, 409)
    assert upload["id"] == same["id"]
    assert why["code"] == "idempotency_conflict"
    assert bring(b"The plan", "two")[1]["id"] != upload["id"]


@pytest.mark.parametrize("kind", ["group", "channel"])
def test_simultaneous_repeats_create_one(alice, kind) -> None:
    """Also where the first one takes a name that the others would need."""
    body = {"kind": kind, "name": alice.name, "client_id": "at once"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: alice.call("POST", "conversations/", json=body), range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [row["name"] for row in alice.get("conversations/")["results"]].count(alice.name) == 1


def test_client_ids_are_separate_for_each_user(alice, signed_up) -> None:
    body = {"kind": "group", "name": "Friends", "client_id": "one"}
    mine, theirs = (one.call("POST", "conversations/", json=body) for one in (alice, signed_up("bob")))

    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


def test_something_deleted_is_not_created_again(alice) -> None:
    group = alice.group()
    invite = {"max_uses": 3, "client_id": "one"}
    token = alice.post(f"conversations/{group}/invites/", invite)["token"]
    alice.call("DELETE", f"conversations/{group}/invites/{token}/")

    assert alice.code("POST", f"conversations/{group}/invites/", invite) == "idempotency_conflict"
    assert alice.get(f"conversations/{group}/invites/")["results"] == []
