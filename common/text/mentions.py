"""Who is addressed in a text: `@name`, wherever somebody could have meant it. `clients/js/text.js` reads it alike."""

from collections.abc import Container, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import regex

from chatproject.common.text.names import NAME, name_key

NAME_SIZE = 32
MOST = 100
"""How often an `@name` is read in one text; what comes after is text."""
LONGEST = 3 * NAME_SIZE
"""Characters of a name as it is written: an accent may be one of its own."""
_ATTACHING = r"[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]"
"""Letters of scripts that put no space between a name and what is said of it: `@bobさん`, `你好@bob`."""
_AT = regex.compile(
    rf"(?V1)(?<!(?!{_ATTACHING})[\p{{L}}\p{{M}}\p{{N}}])[@＠](?P<name>{NAME.pattern.removeprefix('(?V1)')})"
)
_JOINT = regex.compile(rf"(?![\p{{M}}\u200C\u200D])(?:(?={_ATTACHING})|(?<={_ATTACHING}[\p{{M}}\u200C\u200D]*))")
_HOST = r"(?<![\p{L}\p{M}\p{N}.\-@＠])(?:[\p{L}\p{M}\p{N}\-]{1,63}\.)+\p{L}{2,63}(?::\d{1,5})?/"
_HANDLE = r"[@＠][\p{L}\p{M}\p{N}_.\-]{1,64}[@＠](?:[\p{L}\p{M}\p{N}\-]{1,63}\.)+\p{L}{2,63}"
"""Somebody at another place: `@user@example.org`."""
_ADDRESS = regex.compile(
    rf"""(?:(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]{{0,31}}://|(?<![\p{{L}}\p{{N}}])www\.|{_HOST})[^\s<>"]*|{_HANDLE}"""
)
_TICKS = regex.compile("`+")


class Addressing(NamedTuple):
    """An `@` in a text and who may be meant: the offset at which each such name ends and its key, the longest first."""

    begin: int
    names: tuple[tuple[int, str], ...]


class Mention(NamedTuple):
    """Where in a text somebody is addressed, and by which key."""

    begin: int
    end: int
    key: str


def addressings_in(text: str) -> Iterator[Addressing]:
    """Every `@name` in a text, in its order: not in an address of the web or of mail, nor in code."""
    if "@" not in text and "＠" not in text:
        return
    plain = _without(_addresses_in(said := _without_code(text)), said)
    for found in islice(_AT.finditer(plain), MOST):
        begin = found.start("name")
        names = [(begin + end, name_key(found["name"][:end])) for end in _ends_of(found["name"])]
        if fitting := tuple((end, key) for end, key in names if len(key) <= NAME_SIZE):
            yield Addressing(found.start(), fitting)


def mentions_in(text: str, keys: Container[str]) -> list[Mention]:
    """Where in a text those are addressed whose names have these keys."""
    found = (
        next((Mention(one.begin, end, key) for end, key in one.names if key in keys), None)
        for one in addressings_in(text)
    )
    return [mention for mention in found if mention]


def _ends_of(run: str) -> list[int]:
    """Where a name may end that begins this run of letters: at its end, and where a script attaches words. Dots and
    dashes there belong to the name, or else to the sentence."""
    joints = [] if run.isascii() else [found.start() for found in _JOINT.finditer(run, 1, LONGEST)]
    ends: dict[int, None] = {}
    for end in (len(run), *reversed(joints)):
        ends[end] = None
        while run[end - 1] in ".-":
            end -= 1
            ends[end] = None
    return [end for end in ends if end <= LONGEST]


def _addresses_in(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _ADDRESS.finditer(text))


def _without_code(text: str) -> str:
    return _without(_codes_in(text), text) if "`" in text else text


def _without(spans: Iterable[tuple[int, int]], text: str) -> str:
    """The text with spaces in place of these parts of it."""
    parts, at = [], 0
    for begin, end in spans:
        parts += [text[at:begin], " " * (end - begin)]
        at = end
    return "".join([*parts, text[at:]])


def _codes_in(text: str) -> Iterator[tuple[int, int]]:
    """Code between two runs of as many backticks; between one or two, within a line."""
    runs = [found.span() for found in _TICKS.finditer(text)]
    following: dict[int, int] = {}
    closing: list[int | None] = [None] * len(runs)
    for at in range(len(runs) - 1, -1, -1):
        size = runs[at][1] - runs[at][0]
        closing[at], following[size] = following.get(size), at
    at = 0
    while at < len(runs):
        close = closing[at]
        begin, content = runs[at]
        if close is not None and (content - begin > 2 or "\n" not in text[content : runs[close][0]]):
            yield begin, runs[close][1]
            at = close
        at += 1
