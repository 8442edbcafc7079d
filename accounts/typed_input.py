"""What people type to sign in. One password, code or name has several spellings, by keyboard and by input method."""

import unicodedata


def canonical_password(password: str) -> str:
    """The password as it is hashed: PRECIS OpaqueString (RFC 8265, section 4.2), that is NFC with plain spaces. Nothing
    is refused, so that what was a password stays one."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    return unicodedata.normalize("NFC", spaced)


def password_spellings(password: str) -> tuple[str, ...]:
    """What a password is tried as: in its canonical form and, where that is another one, as it was typed. It was kept
    like that by earlier versions."""
    canonical = canonical_password(password)
    return (canonical,) if canonical == password else (canonical, password)


def code_digits(code: str) -> str:
    """A code without the blanks and dashes between its digits and what is not seen around them, the digits of any
    script as 0 to 9."""
    kept = (char for char in code if not char.isspace() and unicodedata.category(char) not in {"Pd", "Cf"})
    return "".join(str(unicodedata.decimal(char, char)) for char in kept)
