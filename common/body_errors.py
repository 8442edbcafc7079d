"""What is wrong with a body, field by field, in sentences for people. msgspec stops at the first error; this runs only
after it has found one."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from datetime import datetime
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from common.errors import Refusal
from common.text.fields import BLANK
from common.wire import Check, types_in, utc_moment

MAX_ERRORS = 50
"""Errors that are reported; a hostile body may have thousands."""
MAX_ITEMS = 100
"""Items of a list that are checked."""
MAX_NAME_SIZE = 100
"""Characters of an unknown field's name that are repeated in the error."""
FieldError = dict[str, str]
KINDS = {
    "str": "Text",
    "int": "A whole number",
    "float": "A number",
    "bool": "`true` or `false`",
    "array": "A list",
    "object": "An object",
    "uuid": "An ID",
    "datetime": "A time",
}
MSGSPEC_MESSAGE = re.compile(r"(?P<what>.*?)( - at `(?P<at>[^`]*)`( in `(?P<inside>[^`]*)`)?)?", re.DOTALL)
SENTENCES = (
    (r"Object missing required field.*", "required", "This field is required."),
    (r"Object contains unknown field.*", "unknown", "There is no such field."),
    (r"Expected `str` of length >= 1", "too_short", "This must not be empty."),
    (r"Expected `str` of length >= (\d+)", "too_short", "Use at least {0} characters."),
    (r"Expected `str` of length <= (\d+)", "too_long", "Use at most {0} characters."),
    (r"Expected `bytes` of length >= (\d+)", "too_short", "This must have at least {0} bytes."),
    (r"Expected `bytes` of length <= (\d+)", "too_long", "This must have at most {0} bytes."),
    (r"Expected `\w+` of length >= (\d+)", "too_short", "List at least {0}."),
    (r"Expected `\w+` of length <= (\d+)", "too_long", "List at most {0}."),
    (r"Expected `\w+` >=? (\S+)", "too_small", "This must be at least {0}."),
    (r"Expected `\w+` <= (\S+)", "too_large", "This must be at most {0}."),
    (r"Expected `\w+` < (\S+)", "too_large", "This must be less than {0}."),
    (r"Integer value out of range", "too_large", "This number is too large."),
    (r"Expected `str` matching regex.*", "format", "This has the wrong format."),
    (r"Invalid UUID", "format", "This is not a valid ID."),
    (r"Invalid RFC3339.*", "format", "A time like 2026-01-31T12:00:00Z is expected."),
    (r"Invalid base64.*", "format", "This is not base64."),
    (r"Invalid (?:enum )?value.*", "choice", "This is not one of the choices."),
)
"""msgspec's messages, with our code and sentence for each. The codes are stable (`docs/errors.md`)."""


def errors_in(data: Any, kind: Any) -> list[FieldError]:
    """Everything that is wrong with `data` as a value of this type, as `{field, code, detail}`."""
    return list(islice(_errors(data, kind, ""), MAX_ERRORS))


def unknown_field(field: str) -> FieldError:
    """The error for a field or parameter that does not exist."""
    return {"field": field[:MAX_NAME_SIZE], "code": "unknown", "detail": "There is no such field."}


def refuse_unexpected_fields(names: Iterable[str], known: Container[str]) -> None:
    """Refuses (`invalid`) form fields that are unknown or given more than once, each by name."""
    counts = Counter(names)
    errors = [unknown_field(name) for name in counts if name not in known]
    errors += [repeated_field(name) for name, count in counts.items() if name in known and count > 1]
    if errors:
        raise Refusal("invalid", errors=errors[:MAX_ERRORS])


def repeated_field(field: str) -> FieldError:
    """The error for a parameter or form field that is given more than once: only one of its values would count."""
    return {"field": field, "code": "repeated", "detail": "Give this only once."}


def _errors(data: Any, kind: Any, path: str) -> Iterator[FieldError]:
    if isinstance(data, dict) and (struct := _struct_for(data, kind)):
        yield from _struct_errors(data, struct, path)
    elif isinstance(data, list) and (found := _item_errors(data, kind, path)):
        yield from found
    else:
        yield from _value_errors(data, kind, path)


def _struct_for(data: dict[str, Any], kind: Any) -> type[msgspec.Struct] | None:
    """The struct that this object should be; None if that is ambiguous."""
    structs = [option for option in types_in(kind) if isinstance(option, type) and issubclass(option, msgspec.Struct)]
    tagged = [
        struct
        for struct in structs
        if data.get(struct.__struct_config__.tag_field or "") == struct.__struct_config__.tag
    ]
    return tagged[0] if len(tagged) == 1 else structs[0] if len(structs) == 1 else None


def _struct_errors(data: dict[str, Any], struct: type[msgspec.Struct], path: str) -> Iterator[FieldError]:
    fields = msgspec.structs.fields(struct)
    for field in fields:
        location = f"{path}.{field.encode_name}" if path else field.encode_name
        if field.encode_name in data:
            yield from _errors(data[field.encode_name], field.type, location)
        elif field.required:
            yield _error(location, "Object missing required field")
    if struct.__struct_config__.forbid_unknown_fields:
        known = {field.encode_name for field in fields} | {struct.__struct_config__.tag_field}
        for name in data:
            if name not in known:
                yield unknown_field(f"{path}.{name}" if path else name)


def _item_errors(data: list[Any], kind: Any, path: str) -> list[FieldError]:
    lists = [option for option in types_in(kind) if get_origin(option) is list]
    return [
        error
        for option in lists
        for number, item in enumerate(data[:MAX_ITEMS])
        for error in islice(_errors(item, get_args(option)[0], f"{path}[{number}]"), MAX_ERRORS)
    ]


def _value_errors(data: Any, kind: Any, path: str) -> Iterator[FieldError]:
    try:
        value = msgspec.convert(data, kind)
        if isinstance(value, datetime):
            utc_moment(value, path)
        for annotation in _annotations_of(kind):
            if isinstance(annotation, Check):
                annotation.check(value)
            elif _is_blank(value, annotation):
                yield {"field": path, "code": "blank", "detail": BLANK}
    except msgspec.ValidationError as error:
        message = MSGSPEC_MESSAGE.fullmatch(str(error))
        location = ((message and (message["inside"] or message["at"])) or "").removeprefix("$")
        yield _error(f"{path}{location}".lstrip("."), message["what"] if message else str(error), kind)
    except Refusal as refusal:
        yield from ({**error, "field": path} for error in refusal.errors)


def _annotations_of(kind: Any) -> list[Any]:
    """The annotations of a field's type, also inside of a union."""
    parts = get_args(kind) if get_origin(kind) in (Annotated, Union, UnionType) else ()
    inner = [annotation for part in parts if get_origin(part) for annotation in _annotations_of(part)]
    return [*inner, *parts[1:]] if get_origin(kind) is Annotated else inner


def _is_blank(value: Any, annotation: Any) -> bool:
    is_needed = isinstance(annotation, msgspec.Meta) and annotation.min_length
    clean = (annotation.extra or {}).get("text") if is_needed else None
    return isinstance(value, str) and clean is not None and not clean(value)


def _error(field: str, message: str, kind: Any = None) -> FieldError:
    code, detail = _explain(message)
    choices = [choice for option in types_in(kind) if get_origin(option) is Literal for choice in get_args(option)]
    if choices and code in ("choice", "type"):
        code, detail = "choice", f"Choose one of: {', '.join(map(str, choices))}."
    return {"field": field, "code": code, "detail": detail}


def _explain(message: str) -> tuple[str, str]:
    """The code and the sentence for a message of msgspec."""
    for pattern, code, sentence in SENTENCES:
        if found := re.fullmatch(pattern, message):
            return code, _singular(sentence.format(*found.groups()))
    expected = re.match(r"Expected `(\w+)", message)
    kind = KINDS.get(expected[1], "Something else") if expected else "Something else"
    return "type", f"{kind} is expected."


def _singular(detail: str) -> str:
    return re.sub(r"\b1 (character|byte)s", r"1 \1", detail)
