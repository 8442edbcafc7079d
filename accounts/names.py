"""Names and e-mail addresses: which are allowed, and when two are the same."""

import unicodedata
from functools import cache

from confusable_homoglyphs.confusables import confusables_data
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from chatproject.common.errors import invalid

RESERVED = {"admin", "administrator", "all", "channel", "everyone", "here", "lobby", "me", "root", "support", "system"}
SKELETON_SIZE = 255


def username_key(username: str) -> str:
    """By what usernames are compared: NFKC, case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())


def skeleton(username: str) -> str:
    """What names that look alike have in common (UTS #39, section 4), whatever their script: two people's usernames
    must differ in it. `paypal`, `PAYPA1` and one with a Cyrillic letter have the same."""
    shown = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", username))
    return _looks_of(_looks_of(shown).casefold())[:SKELETON_SIZE]  # the capital I is an l, the small one is not


def _looks_of(text: str) -> str:
    return unicodedata.normalize("NFD", "".join(_prototypes().get(char, char) for char in text))


@cache
def _prototypes() -> dict[str, str]:
    """Each character that looks like another one, with what it looks like. The table says it both ways around: what
    several look like is the prototype; of two that look alike, the longer one, or the first."""
    looks = {char: [look["c"] for look in found] for char, found in confusables_data.items() if found}

    def rank(char: str) -> tuple[int, int, str]:
        return -len(looks[char]), -len(char), char

    return {char: found[0] for char, found in looks.items() if len(found) == 1 and rank(found[0]) < rank(char)}


def check_username(username: str) -> str:
    """The username in its normal form. Refuses all but 3 to 32 letters, digits, `_`, `.` and `-`, and reserved names
    with all that look like them."""
    name = unicodedata.normalize("NFKC", username.strip())
    if not 3 <= len(name) <= 32:
        raise invalid("username", "A username has 3 to 32 characters.")
    if not all(char.isalnum() or char in "_.-" for char in name) or not name[0].isalnum():
        raise invalid("username", "Use letters, digits, '_', '.' and '-', beginning with a letter or a digit.")
    if username_key(name) in RESERVED or skeleton(name) in _looks_reserved():
        raise invalid("username", "This username is reserved.")
    return name


@cache
def _looks_reserved() -> set[str]:
    return {skeleton(shown) for name in RESERVED for shown in (name, name.upper())}


def email_key(email: str) -> str:
    """By what e-mail addresses are compared and how they are kept: trimmed, in lower case."""
    return email.strip().lower()


def check_email(email: str, field: str = "email") -> str:
    """The address as it is kept. Refuses what is none."""
    address = email_key(email)
    try:
        validate_email(address)
    except ValidationError:
        raise invalid(field, "Enter an e-mail address.") from None
    return address
