"""Unknown fields of a body and unknown query parameters are refused by name, on every route and in every command.

Routes, commands and their structs are discovered.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Union, get_args, get_origin

import msgspec
import pytest

from chatproject.tests.operations import operations
from common.api import StrictJSONParser
from common.openapi import PAGING, Page, Raw
from common.wire import Body, types_in
from encryption import wire as encryption
from messaging.realtime.protocol import COMMANDS
from messaging.tests.client import http
from messaging.tests.test_chunked import name, scene  # noqa: F401 (a fixture)

pytestmark = pytest.mark.plain

WRITING = [one for one in operations() if one.method != "GET" and StrictJSONParser in one.view.parser_classes]
FORMS = [one for one in operations() if one.has_form]
EXACT = {
    encryption.SeenHead,
    encryption.Bundle,
    encryption.Pbkdf2Backup,
    encryption.Argon2Backup,
    encryption.Envelope,
    encryption.Recipient,
}
"""What is signed or sealed as a whole: it is shown as it came."""


def structs_in(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Every struct that stands in this type, at whatever depth."""
    for one in types_in(kind):
        if get_origin(one):
            for part in get_args(one):
                yield from structs_in(part)
        elif isinstance(one, type) and issubclass(one, msgspec.Struct):
            yield one
            for field in msgspec.structs.fields(one):
                yield from structs_in(field.type)


BODIES = [one.about.body for one in operations() if one.about.body and not one.has_form]
DATA = [field.type for kind in COMMANDS.__args__ for field in msgspec.structs.fields(kind) if field.name == "data"]
SENT = {struct for body in (*BODIES, *DATA) for struct in structs_in(body)}
SHOWN = {
    struct
    for operation in operations()
    for answer in operation.about.answers.values()
    if answer is not None and not isinstance(answer, Raw)
    for struct in structs_in(answer if not get_args(answer) else Union[get_args(answer)])  # noqa: UP007
}


def test_every_struct_that_clients_send_forbids_unknown_fields() -> None:
    assert len(SENT) > 60
    assert [one for one in SENT if not one.__struct_config__.forbid_unknown_fields] == []
    assert [one for body in BODIES for one in types_in(body) if not issubclass(one, Body)] == []


def test_answers_may_have_more_fields() -> None:
    assert {one for one in SHOWN if one.__struct_config__.forbid_unknown_fields} <= EXACT


def test_times_are_declared_with_the_shared_types() -> None:
    """`settle` looks at the fields of a body itself."""
    tops = {one for body in BODIES for one in types_in(body)}
    holders = {one for one in SENT for field in msgspec.structs.fields(one) if datetime in types_in(field.type)}

    assert len(holders) >= 4
    assert holders <= tops


def test_every_list_is_paged() -> None:
    lists = [one for one in operations() if get_origin(one.about.answers.get(200)) is Page]

    assert len(lists) > 15
    assert [name(one) for one in lists if not PAGING.keys() <= one.about.query.keys()] == []


def faults(answer) -> dict[str, str]:
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.text
    return {fault["field"]: fault["code"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize("operation", operations(), ids=name)
def test_an_unknown_parameter_is_refused_by_name(scene, operation) -> None:  # noqa: F811
    answer = scene.olga.call(operation.method, scene.path(operation.route) + "?nonsense=1&nonsense=2&limitt=3")

    assert faults(answer) == {"nonsense": "repeated", "limitt": "unknown"}


@pytest.mark.parametrize("operation", WRITING, ids=name)
def test_an_unknown_field_is_refused_by_name(scene, operation) -> None:  # noqa: F811
    headers = {**scene.olga.headers, "If-None-Match": "*"}
    path = f"{scene.olga.server.url}/api/v1/{scene.path(operation.route)}"

    answer = http.request(operation.method, path, headers=headers, json={"nonsense": 1, "kdf": "argon2id"})

    assert faults(answer)["nonsense"] == "unknown"


@pytest.mark.parametrize("operation", FORMS, ids=name)
def test_an_unknown_field_of_a_form_is_refused_by_name(scene, operation) -> None:  # noqa: F811
    files = {"file": ("a.txt", b"The plan")}
    data = {"nonsense": "1"} | ({"conversation_id": scene.group} if operation.route == "media/" else {})

    answer = scene.olga.call(operation.method, scene.path(operation.route), data=data, files=files)

    assert faults(answer) == {"nonsense": "unknown"}


async def test_an_unknown_field_of_a_command_is_refused_by_name(signed_up) -> None:
    alice = signed_up("alice")
    async with alice.socket() as socket:
        for kind in COMMANDS.__args__:
            reply = await socket.ask(str(kind.__struct_config__.tag), nonsense=1)
            assert reply["error"]["code"] == "invalid", kind
            assert {"field": "data.nonsense", "code": "unknown"}.items() <= reply["error"]["errors"][-1].items()


def test_parameters_that_were_once_ignored_are_refused(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)

    muted = alice.call("PATCH", f"conversations/{group}/members/me/", json={"is_muted": True})
    found = alice.call("GET", "users/?q=olga")

    assert (faults(muted), faults(found)) == ({"is_muted": "unknown"}, {"q": "unknown"})


@pytest.mark.parametrize(
    ("body", "misplaced"),
    [
        ({"kind": "direct", "member_ids": True}, {"member_ids"}),
        ({"kind": "direct", "name": "Tea", "history": "joined"}, {"name", "history"}),
        ({"kind": "channel", "name": "Tea", "member_ids": True}, {"member_ids"}),
        (
            {"kind": "channel", "name": "Tea", "user_id": True, "members_can_invite": True},
            {"user_id", "members_can_invite"},
        ),
        ({"kind": "group", "name": "Tea", "user_id": True}, {"user_id"}),
    ],
)
def test_fields_of_another_kind_of_conversation_are_refused(signed_up, body, misplaced) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    people = {"member_ids": [bob.id], "user_id": bob.id}
    said = {name: people[name] if value is True and name in people else value for name, value in body.items()}
    said |= {"user_id": bob.id} if body["kind"] == "direct" else {}

    answer = alice.call("POST", "conversations/", json=said)

    assert faults(answer) == dict.fromkeys(misplaced, "misplaced")


def test_default_values_of_another_kind_are_accepted(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")

    body = {"kind": "direct", "user_id": bob.id, "name": None, "member_ids": [], "history": "all"}

    assert alice.post("conversations/", body)["kind"] == "direct"


def test_only_one_field_of_a_member_is_changed_at_a_time(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group = alice.group(bob)
    there = f"conversations/{group}/members"

    his = alice.call("PATCH", f"{there}/{bob.id}/", json={"role": "admin", "nickname": "Boss"})
    silenced = alice.call(
        "PATCH", f"{there}/{bob.id}/", json={"silenced_until": None, "role": "admin", "notify": "all"}
    )
    own = alice.call("PATCH", f"{there}/me/", json={"role": "owner", "muted_until": "2999-01-01T00:00:00Z"})

    assert faults(his) == {"nickname": "misplaced"}
    assert faults(silenced) == {"role": "misplaced", "notify": "misplaced"}
    assert faults(own) == {"muted_until": "misplaced"}
    assert bob.row(group)["membership"]["role"] == "member"


async def test_a_frame_has_no_fields_besides_its_data(signed_up) -> None:
    alice, bob = signed_up("alice"), signed_up("bob")
    group, other = alice.group(bob), alice.group()
    async with alice.socket() as socket:
        await socket.frame(
            {"type": "message.send", "id": 1, "conversation_id": other, "data": {"recipient_id": bob.id}}
        )
        await socket.frame({"type": "ping", "id": 2, "nonsense": 1})
        both = await socket.ask("message.send", conversation_id=group, recipient_id=bob.id, content="Hello")
        await socket.until(lambda: 2 in socket.replies)
    errors = [reply["error"]["errors"] for reply in (socket.replies[1], socket.replies[2], both)]

    assert [{fault["field"]: fault["code"] for fault in found} for found in errors] == [
        {"conversation_id": "unknown"},
        {"nonsense": "unknown"},
        {"recipient_id": "misplaced"},
    ]


@pytest.mark.parametrize("operation", FORMS, ids=name)
def test_a_form_has_one_file_and_each_field_once(scene, operation) -> None:  # noqa: F811
    olga, path = scene.olga, scene.path(operation.route)
    files = [("file", ("a.txt", b"The plan")), ("file", ("b.txt", b"Another"))]

    assert faults(olga.call(operation.method, path, files=files)) == {"file": "invalid"}
    if operation.route == "media/":
        twice = {"conversation_id": [scene.group, scene.group]}
        assert faults(olga.call("POST", path, data=twice, files=files[:1])) == {"conversation_id": "repeated"}
