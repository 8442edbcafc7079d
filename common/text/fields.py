"""Text in bodies: each field says what kind it is, and is clean before anybody reads it.

Name = Annotated[str, Meta(min_length=1, max_length=100, extra=LINE)]
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import inspect

from chatproject.common.errors import invalid
from chatproject.common.text.lines import clean_line, clean_text

S = TypeVar("S", bound=msgspec.Struct)
LINE = {"text": clean_line}
"""A line that people read: a name, a title, a reason."""
LINES = {"text": clean_text}
"""Several lines that people read."""


class _Text(NamedTuple):
    name: str
    said: str
    clean: Callable[[str], str] | None
    is_needed: bool


BLANK = "Write at least one visible character."


def tidy(body: S, path: str = "") -> S:
    """This body with its text cleaned. Refuses (`invalid`) a text that is needed and of which nothing can be seen."""
    for name, said, clean, is_needed in _texts_of(type(body)):
        value = getattr(body, name)
        if isinstance(value, msgspec.Struct):
            tidy(value, f"{path}{said}.")
        elif clean and isinstance(value, str):
            cleaned = clean(value)
            if is_needed and not cleaned:
                raise invalid(f"{path}{said}", BLANK, "blank")
            setattr(body, name, cleaned)
    return body


@cache
def _texts_of(struct: type[msgspec.Struct]) -> tuple[_Text, ...]:
    about = inspect.type_info(struct)
    assert isinstance(about, inspect.StructType)  # noqa: S101 - what a struct is
    return tuple(text for field in about.fields for text in _found(field.name, field.encode_name, field.type))


def _found(name: str, said: str, kind: inspect.Type, extra: dict[str, Any] | None = None) -> Iterator[_Text]:
    if isinstance(kind, inspect.Metadata):
        yield from _found(name, said, kind.type, kind.extra)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _found(name, said, one, extra)
    elif isinstance(kind, inspect.StructType) and _texts_of(kind.cls):
        yield _Text(name, said, None, False)
    elif isinstance(kind, inspect.StrType) and (clean := (extra or {}).get("text", str)) is not str:
        yield _Text(name, said, clean, bool(kind.min_length))
