"""JSON as both doors read it: what is ambiguous or hostile is refused, never guessed at.

msgspec decodes; what it lets pass is found by operations that are as fast as it is. A walk in Python over what was
decoded would cost ten times as much, on the loop that serves everybody.
"""

import gc
from array import array
from typing import Any

import msgspec

from chatproject.common.errors import Refusal

MAX_DEPTH = 32
LONGEST = 19
"""Digits of the largest whole number in 64 bits."""
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)


def loads(text: str | bytes) -> Any:
    """The value in `text`. Refuses (`invalid`) bad UTF-8, duplicate keys, NaN and infinities, whole numbers beyond 64
    bits, NUL, lone surrogates and nesting deeper than `MAX_DEPTH`."""
    collects = gc.isenabled()
    gc.disable()  # it would walk, again and again, what is just being decoded
    try:
        return _loads(text)
    finally:
        if collects:
            gc.enable()


def _loads(text: str | bytes) -> Any:
    try:
        data = text.encode() if isinstance(text, str) else text
        value = msgspec.json.decode(data)
    except UnicodeError:
        raise _refused("The text is not UTF-8.") from None
    except RecursionError:
        raise _refused("The JSON is nested too deeply.") from None
    except ValueError:
        raise _refused("The text is not valid JSON.") from None
    if _may_be_deep(data) and not {list, dict}.isdisjoint(map(type, _level(value, MAX_DEPTH))):
        raise _refused("The JSON is nested too deeply.")
    if b":" in data and _has_twins(data, value):
        raise _refused("The text is not valid JSON: an object has the same key twice.")
    if b"\\" in data and b"\\u0000" in data and b"\\u0000" in _without_pairs(data):
        raise _refused("Strings may not contain NUL.")
    if _has_long_number(data) and _has_beyond_64_bits(value):
        raise _refused("The text is not valid JSON: a number is out of range.")
    return value


def _may_be_deep(data: bytes) -> bool:
    """Whether half as many brackets of one kind are there, in strings too."""
    return _has_more(data, b"[", MAX_DEPTH // 2) or _has_more(data, b"{", MAX_DEPTH // 2)


def _has_more(data: bytes, bracket: bytes, count: int) -> bool:
    """`find` skips what is none forty times as fast as `count` and `split` do."""
    at = -1
    while count >= 0 and (at := data.find(bracket, at + 1)) >= 0:
        count -= 1
    return count < 0


def _level(value: Any, depth: int) -> list[Any]:
    """What stands in so many containers within `value`."""
    level = [value]
    for _ in range(depth):
        level = gc.get_referents(*level)
    return level


def _has_twins(data: bytes, value: Any) -> bool:
    """Whether of two equal keys one was lost in decoding: then encoding gives fewer colons than there were, those in
    strings counted."""
    encoded = msgspec.json.encode(value)
    if encoded == data:
        return False
    colons = data.count(b":")
    if b"\\u003" in data:
        colons += _without_pairs(data).lower().count(b"\\u003a")
    return colons != encoded.count(b":")


def _without_pairs(data: bytes) -> bytes:
    """Without escaped backslashes: each that is left begins an escape."""
    return data.replace(b"\\\\", b"")


def _has_long_number(data: bytes) -> bool:
    """Whether there are as many digits in a row, in strings too. Of so many, every ninth byte holds two."""
    if b"00" not in data[::9].translate(_DIGITS):
        return False
    return b"0" * LONGEST in data.translate(_DIGITS)


def _has_beyond_64_bits(value: Any) -> bool:
    level = [value]
    while level:
        try:
            array("q", level)  # many numbers and nothing else, checked at once
        except OverflowError:
            return True
        except TypeError:
            if any(type(item) is int and not -(2**63) <= item < 2**63 for item in level):
                return True
        level = gc.get_referents(*level)
    return False


def _refused(detail: str) -> Refusal:
    return Refusal("invalid", detail)
