"""With what pushes are signed, as the environment says: Firebase's service account, and the VAPID key of Web Push."""

import base64
import json
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from environs import EnvError

ACCOUNT = ("project_id", "client_email", "private_key", "token_uri")


def firebase_credentials(path: str, text: str) -> dict[str, str]:
    """The service account in the file or in the text; empty when both are.

    Raises `EnvError` with a sentence that never holds any of it: there is a private key in it.
    """
    if path and text:
        raise EnvError("FIREBASE_CREDENTIALS_PATH and FIREBASE_CREDENTIALS_JSON are both set; unset one of them.")
    if not path and not text:
        return {}
    name = "FIREBASE_CREDENTIALS_PATH" if path else "FIREBASE_CREDENTIALS_JSON"
    try:
        found = json.loads(Path(path).read_text() if path else text)
    except OSError as error:
        raise EnvError(f"{name}={path} cannot be read: {error.strerror}.") from None
    except ValueError:  # neither UTF-8 nor JSON
        raise EnvError(f"{name} holds no JSON.") from None
    if not isinstance(found, dict) or found.get("type") != "service_account":
        raise EnvError(f"{name} holds no service account; Firebase's console makes one (Generate new private key).")
    for field in ACCOUNT:
        if not isinstance(found.get(field), str) or not found[field]:
            raise EnvError(f"{name} has no {field}; Firebase's console makes a whole one.")
    if not isinstance(_private_key(found["private_key"]), rsa.RSAPrivateKey):
        raise EnvError(f"{name} has a private_key that cannot be read.")
    return {field: found[field] for field in ACCOUNT}


def vapid_key(text: str) -> str:
    """A key for Web Push as base64url of its 32 bytes, read from that or from PEM. Raises `EnvError`."""
    text = text.replace("\\n", "\n").strip()
    key = _private_key(text) if text.startswith("-----") else _raw_key(text)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise EnvError(
            "VAPID_PRIVATE_KEY (unset: DATA_DIR/vapid_key) is no key of P-256: neither base64url of 32 bytes nor PEM."
        )
    return _text_of(key)


def make_vapid_key() -> str:
    """A new one, as base64url."""
    return _text_of(ec.generate_private_key(ec.SECP256R1()))


def _private_key(pem: str) -> object:
    try:
        return load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # no key; one with a password; one of another kind
        return None


def _raw_key(text: str) -> object:
    try:
        raw = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", validate=True)
        return ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1()) if len(raw) == 32 else None
    except ValueError:  # other letters; zero, or beyond the curve
        return None


def _text_of(key: ec.EllipticCurvePrivateKey) -> str:
    raw = key.private_numbers().private_value.to_bytes(32, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
