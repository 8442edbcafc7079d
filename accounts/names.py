"""Names and e-mail addresses: which are allowed, and when two are the same."""

from functools import cache

import unicodedata2
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from chatproject.common import text
from chatproject.common.errors import invalid

RESERVED = {"admin", "administrator", "all", "channel", "everyone", "here", "lobby", "me", "root", "support", "system"}
OPERATORS = {"admin", "administrator", "root", "support", "system"}
"""Reserved names that somebody may have who is made to operate."""
SKELETON_SIZE = 255
WORDS_ASKED = 10
"""Words of a name that count in a search."""


def username_key(username: str) -> str:
    """By what usernames are compared."""
    return text.name_key(username)


def skeleton(username: str) -> str:
    """What usernames that look alike have in common: two people's must differ in it."""
    return text.skeleton(username)[:SKELETON_SIZE]


def check_username(username: str) -> str:
    """The username in its normal form. Refuses all but 3 to 32 letters with their marks, digits, `_`, `.` and `-`, and
    reserved names with all that look like them."""
    name: str = unicodedata2.normalize("NFKC", username.strip())
    if not 3 <= len(name) <= 32:
        raise invalid("username", "A username has 3 to 32 characters.")
    if not text.is_name(name):
        raise invalid("username", "Use letters, digits, '_', '.' and '-', beginning with a letter or a digit.")
    if username_key(name) in RESERVED or skeleton(name) in _looks_reserved():
        raise invalid("username", "This username is reserved.")
    return name


def check_operators_username(username: str) -> str:
    """The same for who operates: they may be called `admin` and the like, written so."""
    return username.strip() if username.strip() in OPERATORS else check_username(username)


def asked_words(search: str) -> list[str]:
    """The words that names are searched for; none where an address is meant."""
    name = search.strip().removeprefix("@")
    return [] if "@" in name else list(dict.fromkeys(text.words(name)))[:WORDS_ASKED]


@cache
def _looks_reserved() -> set[str]:
    return {skeleton(shown) for name in RESERVED for shown in (name, name.upper())}


def email_key(email: str) -> str:
    """By what e-mail addresses are compared and how they are kept: trimmed, in lower case, without what is not seen."""
    return text.seen(email).strip().lower()


def check_email(email: str, field: str = "email") -> str:
    """The address as it is kept. Refuses what is none."""
    address = email_key(email)
    try:
        validate_email(address)
    except ValidationError:
        raise invalid(field, "Enter an e-mail address.") from None
    return address
