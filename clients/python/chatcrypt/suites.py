"""The two suites there are, by name."""

from cryptography.exceptions import InvalidSignature

from chatcrypt.curve_suite import CURVE
from chatcrypt.errors import CryptoError
from chatcrypt.rsa_suite import RSA
from chatcrypt.suite import Suite

__all__ = ["CURVE", "RSA", "SUITES", "require_signature", "suite_of"]

SUITES = {suite.name: suite for suite in (RSA, CURVE)}


def suite_of(name: object) -> Suite:
    """The suite of this name. Raises `unknown_suite`."""
    if not isinstance(name, str):
        raise CryptoError("malformed")
    if name not in SUITES:
        raise CryptoError("unknown_suite")
    return SUITES[name]


def require_signature(suite: Suite, signing_key: bytes, signature: bytes, data: bytes, code: str) -> None:
    """Raises `code` when this key has not signed this."""
    try:
        suite.verify(signing_key, signature, data)
    except InvalidSignature:
        raise CryptoError(code) from None
