"""What people write for others to read is clean at every door: none of it turns, breaks or hides what stands around.

What the bodies and the forms of the console take is walked through, so that a new field says what it is.
"""

import re
from importlib import import_module
from typing import get_args

import msgspec
import pytest
from django import forms
from drf_spectacular.generators import SchemaGenerator
from msgspec import inspect

from accounts.models import Device
from common import openapi
from common.admin import LineField, LinesField
from common.errors import Refusal
from common.text import LINE, LINES, clean_fields, clean_text
from messaging.realtime.protocol import BY_NAME

pytestmark = pytest.mark.django_db

UNSEEN = ["\u202e", "\x1b", "\u2028", "\u2066", "\u200b", "\ufeff", "\U000e0041"]
HOSTILE = "".join(f"A{one}" for one in UNSEEN) + "\nB"
INVISIBLE = ["\u3164", "\u2800", "\u200b\u200d", " \u202e "]
NOT_SHOWN = {
    # compared or opened, and checked for what they are
    *("email", "new_email", "login", "username", "code", "token", "refresh", "client_id", "epoch", "cursor", "urls"),
    *("password", "current_password", "new_password", "passphrase"),
    *("encryption_key", "signing_key", "signature", "salt", "nonce", "ciphertext", "key", "hash", "time_zone"),
    *("language", "emoji", "pattern"),
    # a message's own text: a block of its own, which must show something
    *("content", "plaintext", "text"),
}


def bodies() -> list[type[msgspec.Struct]]:
    """What every operation of the API takes as its body, and every command of the socket."""
    document = SchemaGenerator().get_schema(public=True)
    contents = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    names = set(re.findall(r"schemas/(\w+)'", repr(contents)))
    described = [one for kind in openapi._described for one in get_args(kind) or (kind,)]
    structs = {kind.__name__: kind for kind in described if isinstance(kind, type)}
    assert names <= structs.keys()
    return [*(structs[name] for name in sorted(names)), *BY_NAME.values()]


def texts_of(kind: inspect.Type, path: str, extra: dict | None = None) -> list[tuple[str, inspect.StrType, dict]]:
    """Every field of text below a type: where it is, its type, and what it says of itself."""
    if isinstance(kind, inspect.Metadata):
        return texts_of(kind.type, path, kind.extra)
    if isinstance(kind, inspect.UnionType):
        return [text for one in kind.types for text in texts_of(one, path, extra)]
    if isinstance(kind, inspect.StructType):
        return [text for field in kind.fields for text in texts_of(field.type, f"{path}.{field.encode_name}")]
    if isinstance(kind, inspect.ListType):
        return texts_of(kind.item_type, path, extra)
    return [(path, kind, extra or {})] if isinstance(kind, inspect.StrType) and not kind.pattern else []


def test_every_text_of_a_body_says_what_it_is():
    for struct in bodies():
        for path, _, extra in texts_of(inspect.type_info(struct), struct.__name__):
            is_id = path.endswith((".id", "_id"))
            assert is_id or "text" in extra or path.rpartition(".")[2] in NOT_SHOWN, path


def test_every_text_that_is_shown_is_cleaned():
    found = 0
    for struct in bodies():
        for field in inspect.type_info(struct).fields:
            for path, kind, extra in texts_of(field.type, field.name):
                if extra in (LINE, LINES) and path == field.name:
                    found += 1
                    check_cleaning(struct, field.name, extra, is_needed=bool(kind.min_length))
    assert found > 20


def check_cleaning(struct: type[msgspec.Struct], name: str, extra: dict, *, is_needed: bool) -> None:
    def said(text: str) -> str:
        required = {field.name: None for field in inspect.type_info(struct).fields if field.required}
        return getattr(clean_fields(struct(**{**required, name: text})), name)

    assert said(HOSTILE) == ("AAA AAAA B" if extra == LINE else clean_text(HOSTILE)), (struct, name)
    for text in INVISIBLE:
        if is_needed:
            with pytest.raises(Refusal, match="invalid"):
                said(text)
        else:
            assert said(text) == ""


def forms_of(kind: type[forms.BaseForm] = forms.BaseForm) -> list[type[forms.BaseForm]]:
    """Every form of the console that is ours."""
    import_module("chatproject.urls")  # and with it the console
    ours = [] if kind.__module__.startswith(("django.", "unfold.")) else [kind]
    return ours + [form for below in kind.__subclasses__() for form in forms_of(below)]


def test_every_text_of_a_form_of_the_console_is_cleaned():
    found = forms_of()
    assert {"NewPersonForm", "ProfileForm", "ChangeForm", "FilterForm", "ReasonedActionForm"} <= {
        form.__name__ for form in found
    }
    for form in found:
        for name, field in form.base_fields.items():
            if type(field) is forms.CharField:
                assert name in {*NOT_SHOWN, "person"}, f"{form.__name__}.{name}"
            if isinstance(field, LineField):
                assert field.to_python(HOSTILE) == "AAA AAAA B"
            if isinstance(field, LinesField):
                assert field.to_python(HOSTILE) == clean_text(HOSTILE)


def test_names_are_clean_at_their_doors(sign_in, alice, bob):
    client = sign_in(alice)
    made = client.post("/api/v1/conversations/", {"kind": "group", "name": HOSTILE, "description": HOSTILE})
    group = f"/api/v1/conversations/{made.json()['id']}/"
    assert (made.json()["name"], made.json()["description"]) == ("AAA AAAA B", "AAA\nAAAA\nB")
    assert client.patch(group, {"name": "\u202eevil"}).json()["name"] == "evil"
    assert client.patch(f"{group}members/me/", {"nickname": "\x1b[1mAl"}).json()["nickname"] == "[1mAl"
    assert client.patch("/api/v1/users/me/", {"full_name": "\u3164", "bio": "👩‍💻\u202e"}).json()["full_name"] == ""
    assert client.get("/api/v1/users/me/").json()["bio"] == "👩‍💻"
    device = client.post("/api/v1/users/me/devices/", {"provider": "fcm", "token": "t", "name": "Al\u202eice\n"})
    assert Device.objects.get(id=device.json()["id"]).name == "Alice"

    for text in INVISIBLE:
        refused = client.patch(group, {"name": text})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "name")
        refused = client.post(f"{group}messages/", {"content": text})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "content")
