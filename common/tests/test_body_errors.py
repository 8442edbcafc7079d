"""A refused body lists everything that is wrong with it, in sentences for people."""

import re
from pathlib import Path

import msgspec
import pytest

from accounts import wire
from chatproject.tests.operations import operations
from common.body_errors import MAX_ERRORS, SENTENCES, errors_in
from common.wire import Body, types_in
from conversations.wire import NewConversation, NewInvite
from messaging.realtime.protocol import BY_NAME, read_command
from messaging.wire.writing import NewMessage

pytestmark = pytest.mark.plain
KINDS = [one.about.body for one in operations() if one.about.body and not one.has_form] + list(BY_NAME.values())
WRONG = (None, 5, -(10**18), 1.5, "", "x" * 400_000, "no such thing", [], ["x"] * 2000, {"x": {}}, True)
ERRORS = (Path(__file__).resolve().parents[2] / "docs" / "errors.md").read_text()


def details(data: object, kind: object) -> dict[str, str]:
    return {error["field"]: error["detail"] for error in errors_in(data, kind)}


def test_all_fields_are_named_at_once() -> None:
    assert details({"email": "x", "username": "a b", "full_name": "x" * 101, "nick": "x"}, wire.Register) == {
        "email": "Use at least 3 characters.",
        "username": "Use letters, digits, '_', '.' and '-', and begin with a letter or a digit.",
        "password": "This field is required.",
        "full_name": "Use at most 100 characters.",
        "nick": "There is no such field.",
    }
    assert details({"kind": "grupo", "name": "", "member_ids": ["x", 1]}, NewConversation) == {
        "kind": "Choose one of: direct, group, channel.",
        "name": "This must not be empty.",
        "member_ids[0]": "This is not a valid ID.",
        "member_ids[1]": "An ID is expected.",
    }
    assert details({"max_uses": 0, "expires_at": "soon"}, NewInvite) == {
        "max_uses": "This must be at least 1.",
        "expires_at": "A time like 2026-01-31T12:00:00Z is expected.",
    }


def test_frames_get_the_same_errors() -> None:
    frame = {"type": "message.send", "id": 1, "data": {"content": 5, "client_id": "", "text": "Hi"}}

    with pytest.raises(Exception, match="invalid") as refused:
        read_command(frame)

    assert {error["field"]: error["code"] for error in refused.value.errors} == {
        "data.content": "type",
        "data.client_id": "too_short",
        "data.text": "unknown",
    }


def _fields(kind: type) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind) if issubclass(kind, msgspec.Struct) else ()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: getattr(kind, "__name__", str(kind)))
def test_every_error_has_a_sentence_and_a_documented_code(kind: type[Body]) -> None:
    fields = {field.encode_name: field for one in types_in(kind) for field in msgspec.structs.fields(one)}
    within = (
        {field.encode_name for one in types_in(fields["data"].type) for field in _fields(one)}
        if "data" in fields
        else ()
    )
    for wrong in WRONG:
        for data in (wrong, dict.fromkeys(fields, wrong), {"data": dict.fromkeys(within, wrong)}):
            for error in errors_in(data, kind):
                assert f"`{error['code']}`" in ERRORS, error
                assert error["detail"].endswith("."), error
                assert not re.search(r"Expected|`\w+`, got|Invalid|\$", error["detail"]), error


def test_every_code_is_documented() -> None:
    assert [code for _, code, _ in SENTENCES if f"`{code}`" not in ERRORS.partition("wrong with a field")[2]] == []


def test_a_body_with_thousands_of_errors_gets_a_short_answer() -> None:
    assert len(errors_in({f"{'x' * 300}{n}": n for n in range(5000)}, NewMessage)) == MAX_ERRORS
    assert len(errors_in({"member_ids": [1] * 100, "kind": "group"}, NewConversation)) == MAX_ERRORS
    assert max(len(error["field"]) for error in errors_in({"x" * 300_000: 1}, NewMessage)) == 100
