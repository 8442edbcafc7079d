"""What reading hostile frames costs: CPU milliseconds per megabyte of strict JSON as it is read on the loop (the
collector running, as it does there), and of msgspec's decoder alone with the collector off."""

import gc
import json
import time
from collections.abc import Callable

import msgspec

from common.strict_json import loads

SIZE = 64_000
TIMES = 15


def full_of(element: str) -> str:
    return f"[{','.join([element] * (SIZE // (len(element) + 1)))}]"


FRAMES = {
    "empty objects": full_of("{}"),
    "empty lists": full_of("[]"),
    "31 lists deep": full_of("[" * 31 + "]" * 31),
    "small objects": full_of('{"a":1}'),
    "one object of many keys": "{" + ",".join(f'"{n}":1' for n in range(SIZE // 9)) + "}",
    "numbers": full_of("1"),
    "numbers of 19 digits": full_of("9223372036854775807"),
    "numbers of 19 digits among others": full_of('9223372036854775807,{"a":-9223372036854775808},"",1.5'),
    "strings": full_of('""'),
    "escapes": json.dumps("\\" * (SIZE // 2)),
    "one long string": json.dumps("x" * SIZE),
    "one long string of braces": json.dumps("{" * SIZE),
}


def show() -> None:
    """Print a table of them all."""
    print("| a frame of 64 KB | strict ms/MB | msgspec ms/MB | ratio |\n| --- | ---: | ---: | ---: |")
    for name, text in FRAMES.items():
        data = text.encode()
        strict = milliseconds(loads, text) * 1e6 / len(data)
        gc.disable()
        alone = milliseconds(msgspec.json.decode, data) * 1e6 / len(data)
        gc.enable()
        print(f"| {name} | {strict:.1f} | {alone:.1f} | {strict / alone:.1f} |")


def milliseconds(read: Callable[[str], object] | Callable[[bytes], object], text: str | bytes) -> float:
    """The least CPU time of some readings."""
    times = []
    for _ in range(TIMES):
        began = time.process_time()
        read(text)  # type: ignore[arg-type]
        times.append(time.process_time() - began)
    return min(times) * 1e3
