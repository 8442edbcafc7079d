"""Which texts are an emoji, and the canonical spelling of each."""

from functools import cache

import regex
from emoji import EMOJI_DATA, STATUS

SIZE = 16
STYLES = {0xFE0E: None, 0xFE0F: None}
"""Variation selectors: text style and emoji style."""
JOINER = "\u200d"
REGION = regex.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f")
"""The flag of a region within a country: a black flag and the region's letters as tags."""


def emoji_of(text: str) -> str | None:
    """`text` in its canonical spelling (fully qualified, UTS #51) if it is one emoji, else None.

    Joined sequences that are not in the standard count too if each part is an emoji: vendors have more than it lists.
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
    """Maps each emoji without its variation selectors to its canonical spelling."""
    spellings: dict[str, str] = {}
    for spelling, facts in EMOJI_DATA.items():
        bare = spelling.translate(STYLES)
        if facts["status"] == STATUS["fully_qualified"] or bare not in spellings:
            spellings[bare] = spelling
    return spellings
