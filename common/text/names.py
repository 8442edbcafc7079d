"""Names: which characters they may have, and when two names are the same or look the same."""

from functools import cache

import regex
import unicodedata2
from confusable_homoglyphs.confusables import confusables_data

from common.text.lines import visible_text

_BEGIN = r"[[\p{L}\p{N}]--\p{DI}]"
_REST = r"[[\p{M}\u200C\u200D]--[\p{DI}--[\u200C\u200D]]]"
NAME = regex.compile(rf"(?V1)(?:{_BEGIN}{_REST}*)(?:{_BEGIN}{_REST}*|[_.\-])*")
"""Letters and digits with their marks and joiners, and `_`, `.` and `-` after the first."""
_FIVE_MARKS = regex.compile(r"\p{Mn}{5}")
_IGNORED = regex.compile(r"\p{DI}+")
_GAP = regex.compile(r"[\p{White_Space}\u2800\U00016FE4\U0001D159]+")
"""Anything that looks like a space, of any width: pages show several spaces as one."""


def is_name(text: str) -> bool:
    """Whether this may be a username: a `NAME` without unneeded joiners and with at most four marks on a letter (UTS
    #39, section 5.4)."""
    return bool(NAME.fullmatch(text)) and visible_text(text) == text and not _FIVE_MARKS.search(text)


def name_key(name: str) -> str:
    """The key by which names are compared: NFKC, case folded, without invisible characters."""
    if name.isascii():
        return name.lower()
    folded = unicodedata2.normalize("NFKC", _IGNORED.sub("", name)).casefold()
    key: str = unicodedata2.normalize("NFKC", folded)
    return key


def skeleton(name: str) -> str:
    """A key that is the same for names that look alike (UTS #39, section 4), also across scripts: `paypal`, `PAYPA1`
    and one with a Cyrillic letter share it."""
    line = _GAP.sub(" ", _IGNORED.sub("", name)).strip()
    shown = unicodedata2.normalize("NFD", unicodedata2.normalize("NFKC", line))
    return _prototype_of(_prototype_of(shown).casefold())  # a capital I looks like an l, a small one does not


def _prototype_of(text: str) -> str:
    looks: str = unicodedata2.normalize("NFD", "".join(_prototypes().get(char, char) for char in text))
    return looks


@cache
def _prototypes() -> dict[str, str]:
    """Maps each character that looks like another one to its prototype. The table has both directions: the prototype is
    the character that most others look like; of only two, it is the longer one, or the first."""
    looks = {char: [look["c"] for look in found] for char, found in confusables_data.items() if found}

    def rank(char: str) -> tuple[int, int, str]:
        return -len(looks[char]), -len(char), char

    return {char: found[0] for char, found in looks.items() if len(found) == 1 and rank(found[0]) < rank(char)}
