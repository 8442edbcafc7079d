"""What is wrong with a body, field by field and in words for people. msgspec stops at the first fault: this is asked
only after it has found one."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from datetime import datetime
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from chatproject.common.errors import Refusal
from chatproject.common.text.fields import BLANK
from chatproject.common.wire import Rule, kinds_in, moment_of

MOST = 50
"""Faults that are named; a body may have been made to have thousands."""
ITEMS = 100
"""Items of a list that are looked at."""
LONGEST = 100
"""Characters of a name that is not known."""
Fault = dict[str, str]
KINDS = {
    "str": "Text",
    "int": "A whole number",
    "float": "A number",
    "bool": "`true` or `false`",
    "array": "A list",
    "object": "An object",
    "uuid": "An id",
    "datetime": "A time",
}
SAID = re.compile(r"(?P<what>.*?)( - at `(?P<at>[^`]*)`( in `(?P<inside>[^`]*)`)?)?", re.DOTALL)
WORDS = (
    (r"Object missing required field.*", "required", "This field is required."),
    (r"Object contains unknown field.*", "unknown", "There is no such field."),
    (r"Expected `str` of length >= 1", "too_short", "This may not be empty."),
    (r"Expected `str` of length >= (\d+)", "too_short", "At least {0} characters."),
    (r"Expected `str` of length <= (\d+)", "too_long", "At most {0} characters."),
    (r"Expected `bytes` of length >= (\d+)", "too_short", "At least {0} bytes."),
    (r"Expected `bytes` of length <= (\d+)", "too_long", "At most {0} bytes."),
    (r"Expected `\w+` of length >= (\d+)", "too_short", "At least {0} of them."),
    (r"Expected `\w+` of length <= (\d+)", "too_long", "At most {0} of them."),
    (r"Expected `\w+` >=? (\S+)", "too_small", "At least {0}."),
    (r"Expected `\w+` <= (\S+)", "too_large", "At most {0}."),
    (r"Expected `\w+` < (\S+)", "too_large", "Less than {0}."),
    (r"Integer value out of range", "too_large", "This number is too large."),
    (r"Expected `str` matching regex.*", "format", "This does not have the expected form."),
    (r"Invalid UUID", "format", "This is no id."),
    (r"Invalid RFC3339.*", "format", "A time like 2026-01-31T12:00:00Z is expected."),
    (r"Invalid base64.*", "format", "This is not base64."),
    (r"Invalid (?:enum )?value.*", "choice", "This is not one of the choices."),
)
"""msgspec's sentences, and what is said in their place. The codes are stable (`docs/errors.md`)."""


def faults_in(data: Any, kind: Any) -> list[Fault]:
    """Everything that is wrong with `data` as a `kind`, as `{field, code, detail}`."""
    return list(islice(_faults(data, kind, ""), MOST))


def unknown(field: str) -> Fault:
    """The fault of a field, or a parameter, that does not exist."""
    return {"field": field[:LONGEST], "code": "unknown", "detail": "There is no such field."}


def refuse_odd_fields(names: Iterable[str], known: Container[str]) -> None:
    """Refuses (`invalid`), by name, fields of a form that it does not have, or that are there more than once."""
    often = Counter(names)
    errors = [unknown(name) for name in often if name not in known]
    errors += [repeated(name) for name, count in often.items() if name in known and count > 1]
    if errors:
        raise Refusal("invalid", errors=errors[:MOST])


def repeated(field: str) -> Fault:
    """The fault of a parameter or form field that is there more than once: only one of its values would count."""
    return {"field": field, "code": "repeated", "detail": "This may be given once."}


def _faults(data: Any, kind: Any, path: str) -> Iterator[Fault]:
    if isinstance(data, dict) and (struct := _struct_for(data, kind)):
        yield from _in_struct(data, struct, path)
    elif isinstance(data, list) and (found := _in_items(data, kind, path)):
        yield from found
    else:
        yield from _in_value(data, kind, path)


def _struct_for(data: dict[str, Any], kind: Any) -> type[msgspec.Struct] | None:
    """Which struct this object is to be; None where that cannot be told."""
    structs = [one for one in kinds_in(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    tagged = [one for one in structs if data.get(one.__struct_config__.tag_field or "") == one.__struct_config__.tag]
    return tagged[0] if len(tagged) == 1 else structs[0] if len(structs) == 1 else None


def _in_struct(data: dict[str, Any], struct: type[msgspec.Struct], path: str) -> Iterator[Fault]:
    fields = msgspec.structs.fields(struct)
    for field in fields:
        place = f"{path}.{field.encode_name}" if path else field.encode_name
        if field.encode_name in data:
            yield from _faults(data[field.encode_name], field.type, place)
        elif field.required:
            yield _fault(place, "Object missing required field")
    if struct.__struct_config__.forbid_unknown_fields:
        known = {field.encode_name for field in fields} | {struct.__struct_config__.tag_field}
        for name in data:
            if name not in known:
                yield unknown(f"{path}.{name}" if path else name)


def _in_items(data: list[Any], kind: Any, path: str) -> list[Fault]:
    lists = [one for one in kinds_in(kind) if get_origin(one) is list]
    return [
        fault
        for one in lists
        for number, item in enumerate(data[:ITEMS])
        for fault in islice(_faults(item, get_args(one)[0], f"{path}[{number}]"), MOST)
    ]


def _in_value(data: Any, kind: Any, path: str) -> Iterator[Fault]:
    try:
        value = msgspec.convert(data, kind)
        if isinstance(value, datetime):
            moment_of(value, path)
        for about in _said_of(kind):
            if isinstance(about, Rule):
                about.check(value)
            elif _is_blank(value, about):
                yield {"field": path, "code": "blank", "detail": BLANK}
    except msgspec.ValidationError as error:
        said = SAID.fullmatch(str(error))
        place = ((said and (said["inside"] or said["at"])) or "").removeprefix("$")
        yield _fault(f"{path}{place}".lstrip("."), said["what"] if said else str(error), kind)
    except Refusal as refusal:
        yield from ({**fault, "field": path} for fault in refusal.errors)


def _said_of(kind: Any) -> list[Any]:
    """What annotations say about a field, also about one that may be absent."""
    parts = get_args(kind) if get_origin(kind) in (Annotated, Union, UnionType) else ()
    within = [about for part in parts if get_origin(part) for about in _said_of(part)]
    return [*within, *parts[1:]] if get_origin(kind) is Annotated else within


def _is_blank(value: Any, about: Any) -> bool:
    clean = (about.extra or {}).get("text") if isinstance(about, msgspec.Meta) and about.min_length else None
    return isinstance(value, str) and clean is not None and not clean(value)


def _fault(field: str, sentence: str, kind: Any = None) -> Fault:
    code, detail = _in_words(sentence)
    choices = [choice for one in kinds_in(kind) if get_origin(one) is Literal for choice in get_args(one)]
    if choices and code in ("choice", "type"):
        code, detail = "choice", f"Choose one of: {', '.join(map(str, choices))}."
    return {"field": field, "code": code, "detail": detail}


def _in_words(sentence: str) -> tuple[str, str]:
    for pattern, code, words in WORDS:
        if found := re.fullmatch(pattern, sentence):
            return code, _singular(words.format(*found.groups()))
    expected = re.match(r"Expected `(\w+)", sentence)
    kind = KINDS.get(expected[1], "Something else") if expected else "Something else"
    return "type", f"{kind} is expected."


def _singular(detail: str) -> str:
    return re.sub(r"\b1 (character|byte)s", r"1 \1", detail)
