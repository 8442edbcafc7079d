"""Private keys encrypted with a passphrase: a blob that is safe to store anywhere."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chatcrypt.body import COMMITMENT, read_json
from chatcrypt.canonical import decode, encode, pack
from chatcrypt.devices import OwnDevice, read_device
from chatcrypt.errors import CryptoError
from chatcrypt.kdf import Argon2, Kdf, normalise, parameters, read_kdf
from chatcrypt.shapes import Json, an_id, exactly, some_bytes, versioned

SALT, NONCE = 16, 12
LEAST = len(COMMITMENT) + 1 + 16
MOST = 256 * 1024
PASSPHRASE = 12


@dataclass(frozen=True)
class Backup:
    """The contents of a backup: the current device first, then earlier ones, to read old messages."""

    devices: tuple[OwnDevice, ...]
    made_at: str
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Salted:
    """The random values of a backup. Pass them only to reproduce a known result."""

    salt: bytes = field(default_factory=lambda: os.urandom(SALT))
    nonce: bytes = field(default_factory=lambda: os.urandom(NONCE))
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))


def wrap_backup(
    user_id: str,
    devices: Iterable[OwnDevice],
    passphrase: str,
    *,
    notes: dict[str, Any] | None = None,
    kdf: Kdf | None = None,
    salted: Salted | None = None,
) -> dict[str, Any]:
    """The blob of these devices. Raises `passphrase_short`, `kdf_refused`, `too_large`."""
    kdf, salted = kdf or Argon2(), salted or Salted()
    if len(passphrase) < PASSPHRASE:
        raise CryptoError("passphrase_short")
    if not kdf.is_allowed:
        raise CryptoError("kdf_refused")
    content = {"made_at": salted.made_at, "keys": [device.export() for device in devices], "notes": notes or {}}
    plaintext = COMMITMENT + json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    cipher = AESGCM(kdf.derive(normalise(passphrase), salted.salt))
    ciphertext = cipher.encrypt(salted.nonce, plaintext, _bound(user_id, kdf, salted.salt))
    if len(ciphertext) > MOST:
        raise CryptoError("too_large")
    binary = {"salt": salted.salt, "nonce": salted.nonce, "ciphertext": ciphertext}
    return {"v": 1, "kdf": kdf.NAME, **parameters(kdf), **{name: encode(value) for name, value in binary.items()}}


def open_backup(blob: object, user_id: str, passphrase: str) -> Backup:
    """What is in a blob of this person. Raises `kdf_refused` before any work, and `backup_invalid`."""
    kdf = read_kdf(versioned(blob, 1))
    fields = exactly(blob, "v", "kdf", *parameters(kdf), "salt", "nonce", "ciphertext")
    salt, nonce = some_bytes(fields["salt"], SALT), some_bytes(fields["nonce"], NONCE)
    ciphertext = _ciphertext(fields["ciphertext"])
    bound, cipher = _bound(user_id, kdf, salt), AESGCM(kdf.derive(normalise(passphrase), salt))
    try:
        plaintext = cipher.decrypt(nonce, ciphertext, bound)
    except InvalidTag:
        raise CryptoError("backup_invalid") from None
    if not plaintext.startswith(COMMITMENT):
        raise CryptoError("backup_invalid")
    return _content(read_json(plaintext[len(COMMITMENT) :], "malformed"), user_id)


def _bound(user_id: str, kdf: Kdf, salt: bytes) -> bytes:
    return pack("chat/backup/1", an_id(user_id), kdf.NAME, *parameters(kdf).values(), salt)


def _ciphertext(value: object) -> bytes:
    data = decode(value)
    if len(data) > MOST:
        raise CryptoError("too_large")
    if len(data) < LEAST:
        raise CryptoError("bad_length")
    return data


def _content(content: object, user_id: str) -> Backup:
    if not isinstance(content, dict) or not isinstance(content.get("keys"), list):
        raise CryptoError("malformed")
    made_at, notes = content.get("made_at"), content.get("notes", {})
    if not isinstance(made_at, str) or not isinstance(notes, dict):
        raise CryptoError("malformed")
    return Backup(tuple(_device(each, user_id) for each in content["keys"]), made_at, notes)


def _device(value: Any, user_id: str) -> OwnDevice:
    fields: Json = exactly(value, "device", "bundle", "encryption_key", "signing_key")
    public = read_device(fields["device"], user_id, fields["bundle"])
    return OwnDevice.load(public, decode(fields["encryption_key"]), decode(fields["signing_key"]))
