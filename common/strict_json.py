"""JSON as both doors read it: what is ambiguous or hostile is refused, never guessed at.

msgspec decodes; what it lets pass is found by operations that are as fast as it is. A walk in Python over what was
decoded would cost ten times as much, on the loop that serves everybody.
"""

import gc
from typing import Annotated, Any

import msgspec

from chatproject.common.errors import Refusal

MAX_DEPTH = 32
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_INT = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_LEVEL = list[_INT | float | str | bool | list[Any] | dict[str, Any] | None]
"""What may stand side by side in a container, or in several of the same depth."""


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
    if _may_have_long_number(data) and _has_beyond_64_bits(value):
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


def _may_have_long_number(data: bytes) -> bool:
    """Whether there may be as many digits in a row as 64 bits hold, 19, in strings too: of so many, every 19th byte
    holds one, and every ninth two."""
    return all(b"0" * digits in data[::step].translate(_DIGITS) for step, digits in ((19, 1), (9, 2)))


def _has_beyond_64_bits(value: Any) -> bool:
    level = gc.get_referents(value) or [value]
    try:
        while level:
            msgspec.convert(level, _LEVEL)
            level = gc.get_referents(*level)
    except msgspec.ValidationError:
        return True
    return False


def _refused(detail: str) -> Refusal:
    return Refusal("invalid", detail)
