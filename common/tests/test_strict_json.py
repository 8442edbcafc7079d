"""Strict JSON: what is refused, what only looks like it, and that no check costs a Python step per element."""

import json
import sys

import pytest

from common.errors import Refusal
from common.strict_json import MAX_DEPTH, loads

pytestmark = pytest.mark.plain

SIZE = 64 * 1024
SPACED = '{"a":  1}'


def nested(depth: int, inside: str = "") -> str:
    return "[" * depth + inside + "]" * depth


REFUSED = [
    *('{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '[{"x":{"a":1, "a" :1}}]', '{"a:":1,"a\\u003a":2}', '{"":0,"":0}'),
    *("NaN", "-Infinity", "1e999", "9223372036854775808", "-9223372036854775809", "[1,{}," + "9" * 5000 + "]"),
    *('["\x00"]', '["\\u0000"]', '["\\\\\\u0000"]', '["\\ud800"]', '{"\\udc00":1}', '"\ud800"', b'"\xff"', b"\xff"),
    *(nested(MAX_DEPTH + 1), '{"a":' * 33 + "{}" + "}" * 33, nested(MAX_DEPTH, "[]"), "[" * 100_000),
    *("", "nonsense", "[1,]", "{1:2}", "01", '"\t"', "[] []"),
]
ACCEPTED = [
    *('{"a":{"a":1},"b":[{"a":1},{"a":1}]}', '{"a": "x:y\\u003a\\\\u003A:"}', '{"a:":1, "b":"\\u003A"}'),
    *("9223372036854775807", "-9223372036854775808", '["9223372036854775808", 12345678901234567890.5]', "[1e5, -0]"),
    *('["\\\\u0000"]', '["\\ud83d\\ude00", "é"]', nested(MAX_DEPTH), nested(MAX_DEPTH, "1"), '["' + "[" * 99 + '"]'),
]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text)[:40])
def test_ambiguous_or_hostile_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(Refusal):
        loads(text)


@pytest.mark.parametrize("text", ACCEPTED, ids=lambda text: repr(text)[:40])
def test_json_that_only_looks_hostile_is_accepted(text: str) -> None:
    assert loads(text) == loads(text.encode()) == json.loads(text)


LARGE = {
    "empty objects": f"[{','.join(['{}'] * (SIZE // 3))}]",
    "nested lists": f"[{','.join([nested(MAX_DEPTH - 1)] * (SIZE // 63))}]",
    "too deep": f"[{','.join([nested(MAX_DEPTH)] * (SIZE // 65))}]",
    "as deep as may be": nested(MAX_DEPTH, ",".join("1" * (SIZE // 2))),
    "long numbers": f"[{','.join([str(2**63 - 1)] * (SIZE // 20))}]",
    "objects": f"[{','.join([SPACED] * (SIZE // 10))}]",
    "keys": "{" + ",".join(f'"{n}":1' for n in range(SIZE // 9)) + ',"0":1}',
    "braces in a text": json.dumps("{" * SIZE),
    "escapes": json.dumps("\n" * (SIZE // 2)),
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_large_json_costs_no_python_step_per_element(text: str) -> None:
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        loads(text)
    except Refusal:
        pass
    finally:
        sys.setprofile(None)
    assert 0 < steps < 200
