"""What people type to sign in: a password or code may arrive in several spellings, depending on the keyboard."""

import unicodedata


def canonical_password(password: str) -> str:
    """The password as it is hashed: PRECIS OpaqueString (RFC 8265, section 4.2), which is NFC with plain spaces.
    Nothing is refused, so that existing passwords stay valid."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    return unicodedata.normalize("NFC", spaced)


def password_spellings(password: str) -> tuple[str, ...]:
    """The spellings to try: the canonical form and, if it differs, the password as typed, which earlier versions
    hashed."""
    canonical = canonical_password(password)
    return (canonical,) if canonical == password else (canonical, password)


def code_digits(code: str) -> str:
    """A code without spaces, dashes and invisible characters, with digits of any script as 0 to 9."""
    kept = (char for char in code if not char.isspace() and unicodedata.category(char) not in {"Pd", "Cf"})
    return "".join(str(unicodedata.decimal(char, char)) for char in kept)
