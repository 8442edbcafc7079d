"""Which texts are an emoji, and the one spelling of each."""

from functools import cache

import regex
from emoji import EMOJI_DATA, STATUS

SIZE = 16
STYLES = {0xFE0E: None, 0xFE0F: None}
"""Variation selectors: the same picture as text, and in colour."""
JOINER = "\u200d"
REGION = regex.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f")
"""The flag of a part of a country: a black flag and the region's letters as tags."""


def emoji_of(text: str) -> str | None:
    """The emoji that `text` is, in its one spelling (fully qualified, UTS #51); None for anything else.

    Sequences that no standard lists count too, as long as each part is an emoji: vendors draw more than the standard.
    """
    bare = text.translate(STYLES)
    if len(bare) > SIZE:
        return None
    known = _spellings()
    if found := known.get(bare):
        return found
    parts = [part if REGION.fullmatch(part) else known.get(part) for part in bare.split(JOINER)]
    return JOINER.join(filter(None, parts)) if all(parts) else None


@cache
def _spellings() -> dict[str, str]:
    """Each emoji without its variation selectors, with how it is spelled."""
    spellings: dict[str, str] = {}
    for spelling, facts in EMOJI_DATA.items():
        bare = spelling.translate(STYLES)
        if facts["status"] == STATUS["fully_qualified"] or bare not in spellings:
            spellings[bare] = spelling
    return spellings
