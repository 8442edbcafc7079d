"""JSON in the documents fits its struct. `test_examples.py` says what the words behind the language of a block mean."""

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from chatproject.tests import documents
from chatproject.tests.documents import Block, named
from chatproject.tests.operations import operations
from messaging.realtime.events import EVENTS
from messaging.realtime.protocol import read_command

pytestmark = pytest.mark.plain


def objects(text: str) -> Iterator[Any]:
    """The values of a block, one after the other."""
    while text := text.strip():
        found, end = json.JSONDecoder().raw_decode(text)
        yield found
        text = text[end:]


def kind_of(words: str) -> Any:
    """The struct of a body (`POST users/`) or of an answer (`200 GET users/me/`)."""
    *status, method, path = words.split()
    (about,) = [
        found.about
        for found in operations()
        if (found.method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", found.route)) == (method, path)
    ]
    return about.answers[int(status[0])] if status else about.body


@named(documents.of("json"))
def test_json_fits_its_struct(block: Block) -> None:
    values = list(objects(block.text))
    assert values
    if block.words == "frame":
        for frame in values:
            fits_a_frame(frame)
    elif block.words.startswith("fields "):
        for value, name in zip(values, block.words.split()[1:], strict=True):
            module, struct = name.rsplit(".", 1)
            kind = getattr(importlib.import_module(module), struct)
            tag = {kind.__struct_config__.tag_field} if kind.__struct_config__.tag else set()
            required = {field.encode_name for field in msgspec.structs.fields(kind) if field.required} | tag
            allowed = {field.encode_name for field in msgspec.structs.fields(kind)} | tag
            assert required <= value.keys() <= allowed
    else:
        for value in values:
            fits(value, kind_of(block.words))


def fits(value: Any, kind: Any) -> None:
    """No field more and none less than the struct writes, where it is an answer; a body may leave fields out."""
    understood = msgspec.to_builtins(msgspec.convert(value, kind))
    assert {**understood, **value} == understood


def fits_a_frame(frame: dict[str, Any]) -> None:
    try:
        understood = msgspec.to_builtins(msgspec.convert(frame, EVENTS))
    except msgspec.ValidationError:
        read_command(frame)
    else:
        assert understood == frame
