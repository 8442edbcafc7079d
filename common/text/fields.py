"""Text in bodies: each field says what kind of text it holds, and is cleaned before it is used.

Name = Annotated[str, Meta(min_length=1, max_length=100, extra=LINE)]
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import inspect

from common.errors import invalid
from common.text.lines import clean_line, clean_text

S = TypeVar("S", bound=msgspec.Struct)
LINE = {"text": clean_line}
"""One line of text: a name, a title, a reason."""
LINES = {"text": clean_text}
"""Several lines of text."""


class _Text(NamedTuple):
    name: str
    encoded_name: str
    clean: Callable[[str], str] | None
    is_required: bool


BLANK = "Write at least one visible character."


def clean_fields(body: S, path: str = "") -> S:
    """The body with its text fields cleaned. Refuses (`invalid`) a required text that has no visible character."""
    for name, encoded_name, clean, is_required in _texts_of(type(body)):
        value = getattr(body, name)
        if isinstance(value, msgspec.Struct):
            clean_fields(value, f"{path}{encoded_name}.")
        elif clean and isinstance(value, str):
            cleaned = clean(value)
            if is_required and not cleaned:
                raise invalid(f"{path}{encoded_name}", BLANK, "blank")
            setattr(body, name, cleaned)
    return body


@cache
def _texts_of(struct: type[msgspec.Struct]) -> tuple[_Text, ...]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)  # noqa: S101 - the type info of a struct
    return tuple(text for field in info.fields for text in _texts_in(field.name, field.encode_name, field.type))


def _texts_in(name: str, encoded_name: str, kind: inspect.Type, extra: dict[str, Any] | None = None) -> Iterator[_Text]:
    if isinstance(kind, inspect.Metadata):
        yield from _texts_in(name, encoded_name, kind.type, kind.extra)
    elif isinstance(kind, inspect.UnionType):
        for option in kind.types:
            yield from _texts_in(name, encoded_name, option, extra)
    elif isinstance(kind, inspect.StructType) and _texts_of(kind.cls):
        yield _Text(name, encoded_name, None, False)
    elif isinstance(kind, inspect.StrType) and (clean := (extra or {}).get("text", str)) is not str:
        yield _Text(name, encoded_name, clean, bool(kind.min_length))
