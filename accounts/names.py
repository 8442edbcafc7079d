"""Names and e-mail addresses: which are allowed, and when two are the same."""

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from chatproject.common.errors import invalid

RESERVED = {"admin", "administrator", "all", "channel", "everyone", "here", "lobby", "me", "root", "support", "system"}


def username_key(username: str) -> str:
    """By what usernames are compared: NFKC, case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())


def check_username(username: str) -> str:
    """The username in its normal form. Refuses all but 3 to 32 letters, digits, `_`, `.` and `-`."""
    name = unicodedata.normalize("NFKC", username.strip())
    if not 3 <= len(name) <= 32:
        raise invalid("username", "A username has 3 to 32 characters.")
    if not all(char.isalnum() or char in "_.-" for char in name) or not name[0].isalnum():
        raise invalid("username", "Use letters, digits, '_', '.' and '-', beginning with a letter or a digit.")
    if username_key(name) in RESERVED:
        raise invalid("username", "This username is reserved.")
    return name


def clean_line(text: str) -> str:
    """A one-line name for showing: trimmed, without control, bidirectional and zero-width characters."""
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")).strip()


def clean_text(text: str) -> str:
    """A text of several lines for showing: as `clean_line`, but lines stay lines."""
    return "\n".join(clean_line(line) for line in text.splitlines()).strip()


def email_key(email: str) -> str:
    """By what e-mail addresses are compared and how they are kept: trimmed, in lower case."""
    return email.strip().lower()


def check_email(email: str) -> str:
    """The address as it is kept. Refuses what is none."""
    address = email_key(email)
    try:
        validate_email(address)
    except ValidationError:
        raise invalid("email", "Enter an e-mail address.") from None
    return address
