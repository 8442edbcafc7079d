"""Usernames and e-mail addresses: which are allowed, and when two are the same."""

from functools import cache

import unicodedata2
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from common import text
from common.errors import invalid

RESERVED = {"admin", "administrator", "all", "channel", "everyone", "here", "lobby", "me", "root", "support", "system"}
OPERATORS = {"admin", "administrator", "root", "support", "system"}
"""Reserved names that operators may have."""
SKELETON_SIZE = 255
MAX_QUERY_TERMS = 10
"""How many words of a query count."""


def username_key(username: str) -> str:
    """The key by which usernames are compared."""
    return text.name_key(username)


def skeleton(username: str) -> str:
    """A key that is the same for usernames that look alike. No two people may share it."""
    return text.skeleton(username)[:SKELETON_SIZE]


def check_username(username: str) -> str:
    """The username in its normal form. Refuses anything but 3 to 32 letters with their marks, digits, `_`, `.` and `-`,
    and reserved names and those that look like one."""
    name: str = unicodedata2.normalize("NFKC", username.strip())
    if not 3 <= len(name) <= 32:
        raise invalid("username", "Use 3 to 32 characters.")
    if not text.is_name(name):
        raise invalid("username", "Use letters, digits, '_', '.' and '-', and begin with a letter or a digit.")
    if username_key(name) in RESERVED or skeleton(name) in _reserved_skeletons():
        raise invalid("username", "This username is reserved. Choose another one.")
    return name


def check_operator_username(username: str) -> str:
    """The same for operators, who may also be called `admin` and the like, in exactly this spelling."""
    return username.strip() if username.strip() in OPERATORS else check_username(username)


def query_terms(search: str) -> list[str]:
    """The search terms of a query for people; none if the query is an address."""
    name = search.strip().removeprefix("@")
    return [] if "@" in name else list(dict.fromkeys(text.search_terms(name)))[:MAX_QUERY_TERMS]


@cache
def _reserved_skeletons() -> set[str]:
    return {skeleton(shown) for name in RESERVED for shown in (name, name.upper())}


def email_key(email: str) -> str:
    """An e-mail address as it is stored and compared: trimmed, in lower case, without invisible characters."""
    return text.visible_text(email).strip().lower()


def check_email(email: str, field: str = "email") -> str:
    """The address as it is stored. Refuses (`invalid`) what is not an e-mail address."""
    address = email_key(email)
    try:
        validate_email(address)
    except ValidationError:
        raise invalid(field, "Enter a valid e-mail address.") from None
    return address
