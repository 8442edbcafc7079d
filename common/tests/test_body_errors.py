"""A refused body names everything that is wrong with it, in words for people."""

import re
from pathlib import Path

import msgspec
import pytest

from accounts import wire
from chatproject.common.faults import MOST, WORDS, faults_in
from chatproject.common.wire import Body, kinds_in
from chatproject.tests.operations import operations
from conversations.wire import NewConversation, NewInvite
from messaging.protocol import BY_NAME, read_command
from messaging.wire.writing import NewMessage

pytestmark = pytest.mark.plain
KINDS = [one.about.body for one in operations() if one.about.body and not one.has_form] + list(BY_NAME.values())
WRONG = (None, 5, -(10**18), 1.5, "", "x" * 400_000, "no such thing", [], ["x"] * 2000, {"x": {}}, True)
ERRORS = (Path(__file__).resolve().parents[3] / "docs" / "errors.md").read_text()


def said(data: object, kind: object) -> dict[str, str]:
    return {fault["field"]: fault["detail"] for fault in faults_in(data, kind)}


def test_all_fields_are_named_at_once() -> None:
    assert said({"email": "x", "username": "a b", "full_name": "x" * 101, "nick": "x"}, wire.Register) == {
        "email": "At least 3 characters.",
        "username": "Use letters, digits, '_', '.' and '-', beginning with a letter or a digit.",
        "password": "This field is required.",
        "full_name": "At most 100 characters.",
        "nick": "There is no such field.",
    }
    assert said({"kind": "grupo", "name": "", "member_ids": ["x", 1]}, NewConversation) == {
        "kind": "Choose one of: direct, group, channel.",
        "name": "This may not be empty.",
        "member_ids[0]": "This is no id.",
        "member_ids[1]": "An id is expected.",
    }
    assert said({"max_uses": 0, "expires_at": "soon"}, NewInvite) == {
        "max_uses": "At least 1.",
        "expires_at": "A time like 2026-01-31T12:00:00Z is expected.",
    }


def test_frames_say_it_alike() -> None:
    frame = {"type": "message.send", "id": 1, "data": {"content": 5, "client_id": "", "text": "Hi"}}

    with pytest.raises(Exception, match="invalid") as refused:
        read_command(frame)

    assert {fault["field"]: fault["code"] for fault in refused.value.errors} == {
        "data.content": "type",
        "data.client_id": "too_short",
        "data.text": "unknown",
    }


def _fields(kind: type) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind) if issubclass(kind, msgspec.Struct) else ()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: getattr(kind, "__name__", str(kind)))
def test_every_field_is_complained_about_in_words_and_by_a_documented_code(kind: type[Body]) -> None:
    fields = {field.encode_name: field for one in kinds_in(kind) for field in msgspec.structs.fields(one)}
    within = (
        {field.encode_name for one in kinds_in(fields["data"].type) for field in _fields(one)}
        if "data" in fields
        else ()
    )
    for wrong in WRONG:
        for data in (wrong, dict.fromkeys(fields, wrong), {"data": dict.fromkeys(within, wrong)}):
            for fault in faults_in(data, kind):
                assert f"`{fault['code']}`" in ERRORS, fault
                assert fault["detail"].endswith("."), fault
                assert not re.search(r"Expected|`\w+`, got|Invalid|\$", fault["detail"]), fault


def test_every_code_is_documented() -> None:
    assert [code for _, code, _ in WORDS if f"`{code}`" not in ERRORS.partition("wrong with a field")[2]] == []


def test_a_body_made_to_be_wrong_in_many_places_is_answered_briefly() -> None:
    assert len(faults_in({f"{'x' * 300}{n}": n for n in range(5000)}, NewMessage)) == MOST
    assert len(faults_in({"member_ids": [1] * 100, "kind": "group"}, NewConversation)) == MOST
    assert max(len(fault["field"]) for fault in faults_in({"x" * 300_000: 1}, NewMessage)) == 100
