"""Who is addressed in a text by `@name`. `clients/js/text.js` has the same rules."""

from collections.abc import Container, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import regex

from common.text.names import NAME, name_key

NAME_SIZE = 32
MAX_CANDIDATES = 100
"""How many `@name`s of one text are read; the rest is plain text."""
MAX_WRITTEN_SIZE = 3 * NAME_SIZE
"""Characters of a name as written: accents may be separate characters."""
_ATTACHING = r"[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]"
"""Letters of scripts that put no space between a name and the next word: `@bobさん`, `你好@bob`."""
_AT = regex.compile(
    rf"(?V1)(?<!(?!{_ATTACHING})[\p{{L}}\p{{M}}\p{{N}}])[@＠](?P<name>{NAME.pattern.removeprefix('(?V1)')})"
)
_JOINT = regex.compile(rf"(?![\p{{M}}\u200C\u200D])(?:(?={_ATTACHING})|(?<={_ATTACHING}[\p{{M}}\u200C\u200D]*))")
_HOST = r"(?<![\p{L}\p{M}\p{N}.\-@＠])(?:[\p{L}\p{M}\p{N}\-]{1,63}\.)+\p{L}{2,63}(?::\d{1,5})?/"
_HANDLE = r"[@＠][\p{L}\p{M}\p{N}_.\-]{1,64}[@＠](?:[\p{L}\p{M}\p{N}\-]{1,63}\.)+\p{L}{2,63}"
"""A handle on another server: `@user@example.org`."""
_ADDRESS = regex.compile(
    rf"""(?:(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]{{0,31}}://|(?<![\p{{L}}\p{{N}}])www\.|{_HOST})[^\s<>"]*|{_HANDLE}"""
)
_TICKS = regex.compile("`+")


class MentionCandidate(NamedTuple):
    """An `@` in a text and the names it may stand for: where each possible name ends and its key, the longest first."""

    begin: int
    names: tuple[tuple[int, str], ...]


class Mention(NamedTuple):
    """Where in a text somebody is mentioned, and by which key."""

    begin: int
    end: int
    key: str


def mention_candidates_in(text: str) -> Iterator[MentionCandidate]:
    """Every `@name` in a text, in order, except in URLs, e-mail addresses and code."""
    if "@" not in text and "＠" not in text:
        return
    plain = _without(_address_spans(prose := _without_code(text)), prose)
    for found in islice(_AT.finditer(plain), MAX_CANDIDATES):
        begin = found.start("name")
        names = [(begin + end, name_key(found["name"][:end])) for end in _ends_of(found["name"])]
        if fitting := tuple((end, key) for end, key in names if len(key) <= NAME_SIZE):
            yield MentionCandidate(found.start(), fitting)


def mentions_in(text: str, keys: Container[str]) -> list[Mention]:
    """Where in a text people with these keys are mentioned."""
    found = (
        next((Mention(candidate.begin, end, key) for end, key in candidate.names if key in keys), None)
        for candidate in mention_candidates_in(text)
    )
    return [mention for mention in found if mention]


def _ends_of(run: str) -> list[int]:
    """Where a name at the start of this run of letters may end: at the end of the run, or where a script attaches
    words. Dots and dashes at its end may belong to the name or to the sentence."""
    joints = [] if run.isascii() else [found.start() for found in _JOINT.finditer(run, 1, MAX_WRITTEN_SIZE)]
    ends: dict[int, None] = {}
    for end in (len(run), *reversed(joints)):
        ends[end] = None
        while run[end - 1] in ".-":
            end -= 1
            ends[end] = None
    return [end for end in ends if end <= MAX_WRITTEN_SIZE]


def _address_spans(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _ADDRESS.finditer(text))


def _without_code(text: str) -> str:
    return _without(_code_spans(text), text) if "`" in text else text


def _without(spans: Iterable[tuple[int, int]], text: str) -> str:
    """The text with these spans replaced by spaces."""
    parts, at = [], 0
    for begin, end in spans:
        parts += [text[at:begin], " " * (end - begin)]
        at = end
    return "".join([*parts, text[at:]])


def _code_spans(text: str) -> Iterator[tuple[int, int]]:
    """The spans between two runs of equally many backticks; for one or two backticks, only within a line."""
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
