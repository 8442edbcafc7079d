"""The keys that sign pushes: Firebase's service account, and the VAPID key of Web Push."""

import base64
import json
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from environs import EnvError

ACCOUNT_FIELDS = ("project_id", "client_email", "private_key", "token_uri")


def firebase_credentials(path: str, text: str) -> dict[str, str]:
    """The service account in the file or in the text. Empty if neither is set.

    Raises `EnvError`. Its message never contains the account, because that holds a private key.
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
        raise EnvError(f"{name} is not valid JSON.") from None
    if not isinstance(found, dict) or found.get("type") != "service_account":
        raise EnvError(f"{name} is not a service account. Create one in Firebase's console (Generate new private key).")
    for field in ACCOUNT_FIELDS:
        if not isinstance(found.get(field), str) or not found[field]:
            raise EnvError(f"{name} has no {field}. Download a complete file from Firebase's console.")
    if not isinstance(_read_pem_key(found["private_key"]), rsa.RSAPrivateKey):
        raise EnvError(f"{name} has a private_key that cannot be read.")
    return {field: found[field] for field in ACCOUNT_FIELDS}


def vapid_key(text: str) -> str:
    """The key for Web Push as base64url of its 32 bytes, given in that form or as PEM. Raises `EnvError`."""
    text = text.replace("\\n", "\n").strip()
    key = _read_pem_key(text) if text.startswith("-----") else _read_raw_key(text)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise EnvError(
            "VAPID_PRIVATE_KEY (or DATA_DIR/vapid_key if unset) is not a P-256 key. Use base64url of 32 bytes, or PEM."
        )
    return _encode_key(key)


def make_vapid_key() -> str:
    """A new key, as base64url."""
    return _encode_key(ec.generate_private_key(ec.SECP256R1()))


def _read_pem_key(pem: str) -> object:
    try:
        return load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # not a key, encrypted, or of an unsupported kind
        return None


def _read_raw_key(text: str) -> object:
    try:
        raw = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", validate=True)
        return ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1()) if len(raw) == 32 else None
    except ValueError:  # not base64url, or not a valid private key
        return None


def _encode_key(key: ec.EllipticCurvePrivateKey) -> str:
    raw = key.private_numbers().private_value.to_bytes(32, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
