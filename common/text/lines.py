"""Text for display: invisible characters are removed, except where a script or an emoji needs them."""

import regex

_INVISIBLE = r"[[\p{C}\p{Zl}\p{Zp}\p{DI}]--[\p{Prepended_Concatenation_Mark}\p{Extended_Pictographic}]]"
_SPELLING = "|".join(
    (
        # the flag of a region within a country
        r"\U0001F3F4[\U000E0020-\U000E007E]{1,6}\U000E007F",
        # joined emoji
        r"(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})",
        # letters of Arabic, Indic and similar scripts, joined or kept separate
        r"(?<=[\p{jt=D}\p{jt=R}\p{jt=L}]\p{Mn}*|[[\p{L}\p{M}]--\p{InSC=Other}])[\u200C\u200D](?=[\p{L}\p{M}])",
        r"(?<=[\p{jt=D}\p{jt=L}\p{InSC=Virama}])\u200D",
        # variation selectors of the character before
        rf"(?<=[^\s{_INVISIBLE}])[\uFE00-\uFE0F\U000E0100-\U000E01EF]",
        r"(?<=\p{Mongolian})[\u180B-\u180F]",
    )
)
_REMOVED = regex.compile(f"(?V1)(?P<spelling>{_SPELLING})|{_INVISIBLE}")
_BREAK = regex.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_BLANK = regex.compile(
    r"[\p{White_Space}\p{Cc}\p{Cs}\p{DI}\uFFF9-\uFFFB\u2800\U00016FE4\U0001D159]*"  # also blank symbols and fillers
)


def is_blank(text: str) -> bool:
    """Whether a text has no visible character."""
    return _BLANK.fullmatch(text) is not None


def visible_text(text: str) -> str:
    """A text without invisible characters: controls, direction marks, fillers, line breaks, and joiners that no
    spelling needs."""
    return text if text.isascii() and text.isprintable() else _REMOVED.sub(r"\g<spelling>", text)


def clean_line(text: str) -> str:
    """The text as one trimmed line without invisible characters; empty if nothing of it is visible."""
    line = visible_text(_BREAK.sub(" ", text)).strip()
    return "" if is_blank(line) else line


def clean_text(text: str) -> str:
    """The text with each of its lines cleaned by `clean_line`."""
    return "\n".join(map(clean_line, text.splitlines())).strip()
