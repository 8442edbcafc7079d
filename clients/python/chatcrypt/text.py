"""What of a text can be seen: the rule of the server, which `clients/vectors/text.json` holds both to."""

import regex

_BLANK = regex.compile(r"[\p{White_Space}\p{Cc}\p{Cs}\p{DI}\uFFF9-\uFFFB\u2800\U00016FE4\U0001D159]*")


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return _BLANK.fullmatch(text) is not None
