"""Names: of which characters they are, and when two of them are, or look, the same."""

from functools import cache

import regex
import unicodedata2
from confusable_homoglyphs.confusables import confusables_data

from chatproject.common.text.lines import seen

_BEGIN = r"[[\p{L}\p{N}]--\p{DI}]"
_REST = r"[[\p{M}\u200C\u200D]--[\p{DI}--[\u200C\u200D]]]"
NAME = regex.compile(rf"(?V1)(?:{_BEGIN}{_REST}*)(?:{_BEGIN}{_REST}*|[_.\-])*")
"""Letters and digits with the marks and joiners that belong to them, and between them `_`, `.` and `-`."""
_PILE = regex.compile(r"\p{Mn}{5}")
_IGNORED = regex.compile(r"\p{DI}+")
_GAP = regex.compile(r"[\p{White_Space}\u2800\U00016FE4\U0001D159]+")
"""What looks like a space, however wide: pages show several as one."""


def is_name(text: str) -> bool:
    """Whether somebody may be called so: a `NAME`, with no joiner that it is not spelled with, and no pile of more than
    four marks (UTS #39, section 5.4)."""
    return bool(NAME.fullmatch(text)) and seen(text) == text and not _PILE.search(text)


def name_key(name: str) -> str:
    """By what names are compared: NFKC, case folded, without what is not seen."""
    if name.isascii():
        return name.lower()
    folded = unicodedata2.normalize("NFKC", _IGNORED.sub("", name)).casefold()
    key: str = unicodedata2.normalize("NFKC", folded)
    return key


def skeleton(name: str) -> str:
    """What names that look alike have in common (UTS #39, section 4), whatever their script. `paypal`, `PAYPA1` and one
    with a Cyrillic letter have the same."""
    line = _GAP.sub(" ", _IGNORED.sub("", name)).strip()
    shown = unicodedata2.normalize("NFD", unicodedata2.normalize("NFKC", line))
    return _looks_of(_looks_of(shown).casefold())  # the capital I is an l, the small one is not


def _looks_of(text: str) -> str:
    looks: str = unicodedata2.normalize("NFD", "".join(_prototypes().get(char, char) for char in text))
    return looks


@cache
def _prototypes() -> dict[str, str]:
    """Each character that looks like another one, with what it looks like. The table says it both ways around: what
    several look like is the prototype; of two that look alike, the longer one, or the first."""
    looks = {char: [look["c"] for look in found] for char, found in confusables_data.items() if found}

    def rank(char: str) -> tuple[int, int, str]:
        return -len(looks[char]), -len(char), char

    return {char: found[0] for char, found in looks.items() if len(found) == 1 and rank(found[0]) < rank(char)}
