"""JSON as both doors read it: what is ambiguous or hostile is refused, never guessed at."""

import json
import math
from typing import Any, NoReturn

from chatproject.common.errors import Refusal

MAX_DEPTH = 32


def loads(text: str | bytes) -> Any:
    """The value in `text`. Refuses (`invalid`) bad UTF-8, duplicate keys, NaN and infinities, whole numbers beyond 64
    bits, NUL, lone surrogates and nesting deeper than `MAX_DEPTH`."""
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise _refused("The text is not UTF-8.") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise _refused("The JSON is nested too deeply.")
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError):
        raise _refused("The text is not valid JSON.") from None
    if "\\u" in text or not text.isascii():
        _check_strings(value)
    return value


def _depth(text: str) -> int:
    """The deepest nesting of brackets outside strings, up to just past the limit."""
    depth = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                break
        elif char in "]}":
            depth -= 1
    return deepest


def _check_strings(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise _refused("Strings may not contain NUL.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _refused("Strings may not contain lone surrogates.") from None
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_strings(key)
            _check_strings(item)
    elif isinstance(value, list):
        for item in value:
            _check_strings(item)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError("number out of range")
    return number


def _within_64_bits(text: str) -> int:
    if not -(2**63) <= (number := int(text)) < 2**63:
        raise ValueError("number out of range")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refused(detail: str) -> Refusal:
    return Refusal("invalid", detail)


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_int=_within_64_bits, parse_constant=_no_constant
)
