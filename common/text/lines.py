"""Text for showing: what is not seen is taken out, except where a script or an emoji is spelled with it."""

import regex

_UNSEEN = r"[[\p{C}\p{Zl}\p{Zp}\p{DI}]--[\p{Prepended_Concatenation_Mark}\p{Extended_Pictographic}]]"
_SPELLING = "|".join(
    (
        # the flag of a part of a country
        r"\U0001F3F4[\U000E0020-\U000E007E]{1,6}\U000E007F",
        # emoji joined to one
        r"(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})",
        # letters of Arabic and its like, and of Indic scripts, joined or kept apart
        r"(?<=[\p{jt=D}\p{jt=R}\p{jt=L}]\p{Mn}*|[[\p{L}\p{M}]--\p{InSC=Other}])[\u200C\u200D](?=[\p{L}\p{M}])",
        r"(?<=[\p{jt=D}\p{jt=L}\p{InSC=Virama}])\u200D",
        # how the sign before is to look
        rf"(?<=[^\s{_UNSEEN}])[\uFE00-\uFE0F\U000E0100-\U000E01EF]",
        r"(?<=\p{Mongolian})[\u180B-\u180F]",
    )
)
_TAKEN_OUT = regex.compile(f"(?V1)(?P<spelling>{_SPELLING})|{_UNSEEN}")
_BREAK = regex.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_BLANK = regex.compile(
    r"[\p{White_Space}\p{Cc}\p{Cs}\p{DI}\uFFF9-\uFFFB\u2800\U00016FE4\U0001D159]*"  # also blank pictures, and fillers
)


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return _BLANK.fullmatch(text) is not None


def seen(text: str) -> str:
    """A text without what is not seen: controls, turns of the direction of writing, fillers, breaks of lines, and
    joiners that no spelling needs."""
    return text if text.isascii() and text.isprintable() else _TAKEN_OUT.sub(r"\g<spelling>", text)


def clean_line(text: str) -> str:
    """One line, trimmed, as it may stand anywhere; empty where nothing of it can be seen."""
    line = seen(_BREAK.sub(" ", text)).strip()
    return "" if is_blank(line) else line


def clean_text(text: str) -> str:
    """A text of several lines: as `clean_line`, but lines stay lines."""
    return "\n".join(map(clean_line, text.splitlines())).strip()
