"""Which text is visible: the same rule as the server's, both tested against `clients/vectors/text.json`."""

import regex

_BLANK = regex.compile(r"[\p{White_Space}\p{Cc}\p{Cs}\p{DI}\uFFF9-\uFFFB\u2800\U00016FE4\U0001D159]*")


def is_blank(text: str) -> bool:
    """Whether a text has no visible character."""
    return _BLANK.fullmatch(text) is not None
