"""Devices: your own with their private keys, those of others by their bundles, and the rotation of their keys."""

from dataclasses import dataclass, field
from typing import Any, Self, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

from chatcrypt.canonical import encode, pack
from chatcrypt.errors import CryptoError
from chatcrypt.shapes import Json, an_id, exactly, some_bytes
from chatcrypt.suite import EncryptionKey, SigningKey, Suite, pkcs8, spki
from chatcrypt.suites import RSA, require_signature, suite_of


@dataclass(frozen=True)
class PublicDevice:
    """A device whose bundle was checked. `id` is None until the server has named it."""

    id: str | None
    user_id: str
    suite: Suite
    encryption_key: bytes
    signing_key: bytes
    signature: bytes

    @property
    def packed(self) -> bytes:
        return pack_bundle(self.suite, self.user_id, self.encryption_key, self.signing_key)

    @property
    def bundle(self) -> dict[str, str]:
        return {
            "suite": self.suite.name,
            "encryption_key": encode(self.encryption_key),
            "signing_key": encode(self.signing_key),
            "signature": encode(self.signature),
        }


@dataclass(frozen=True)
class OwnDevice:
    """A device with its private keys, which never show in its `repr`."""

    public: PublicDevice
    encryption_key: EncryptionKey = field(repr=False)
    signing_key: SigningKey = field(repr=False)

    @property
    def id(self) -> str | None:
        return self.public.id

    @classmethod
    def load(cls, public: PublicDevice, encryption_key: bytes, signing_key: bytes) -> Self:
        """From PKCS8. Raises `bad_key` for keys that do not belong to the bundle."""
        try:
            loaded = load_der_private_key(encryption_key, None), load_der_private_key(signing_key, None)
            halves = tuple(spki(cast(EncryptionKey, key)) for key in loaded)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise CryptoError("bad_key") from None
        if halves != (public.encryption_key, public.signing_key):
            raise CryptoError("bad_key")
        return cls(public, cast(EncryptionKey, loaded[0]), cast(SigningKey, loaded[1]))

    def export(self) -> dict[str, Any]:
        """As it stands in a backup: private keys included."""
        return {
            "device": self.id,
            "bundle": self.public.bundle,
            "encryption_key": encode(pkcs8(self.encryption_key)),
            "signing_key": encode(pkcs8(self.signing_key)),
        }


def pack_bundle(suite: Suite, user_id: str, encryption_key: bytes, signing_key: bytes) -> bytes:
    return pack("chat/bundle/1", suite.name, user_id, encryption_key, signing_key)


def make_device(user_id: str, suite: Suite = RSA, *, device: str | None = None) -> OwnDevice:
    """New keys for a device of this person."""
    return sign_bundle(an_id(user_id), suite, *suite.make_keys(), device=device)


def sign_bundle(
    user_id: str, suite: Suite, encryption_key: EncryptionKey, signing_key: SigningKey, *, device: str | None = None
) -> OwnDevice:
    """A device of this person from keys that are there."""
    halves = spki(encryption_key), spki(signing_key)
    signature = suite.sign(signing_key, pack_bundle(suite, user_id, *halves))
    return OwnDevice(PublicDevice(device, user_id, suite, *halves, signature), encryption_key, signing_key)


def read_device(device: str | None, user_id: str, bundle: object) -> PublicDevice:
    """A device that is said to be this person's. Raises `bundle_invalid` when its own signature does not say so."""
    fields = exactly(bundle, "suite", "encryption_key", "signing_key", "signature")
    suite = suite_of(fields["suite"])
    keys = some_bytes(fields["encryption_key"], suite.key_size), some_bytes(fields["signing_key"], suite.key_size)
    signature = some_bytes(fields["signature"], suite.signature_size)
    if not suite.are_public_keys(*keys):
        raise CryptoError("bad_key")
    named = device if device is None else an_id(device)
    public = PublicDevice(named, an_id(user_id), suite, *keys, signature)
    require_signature(suite, public.signing_key, signature, public.packed, "bundle_invalid")
    return public


def sign_rotation(old: OwnDevice, new: OwnDevice) -> dict[str, Any]:
    """The word of the old keys that the new ones follow them."""
    signature = old.public.suite.sign(old.signing_key, _pack_rotation(an_id(old.id), old.public, new.public))
    return {"device": old.id, "old": old.public.bundle, "new": new.public.bundle, "signature": encode(signature)}


def read_rotation(user_id: str, rotation: object) -> PublicDevice:
    """The device with its new keys. Raises `rotation_invalid` when the old ones have not signed them."""
    fields: Json = exactly(rotation, "device", "old", "new", "signature")
    device = an_id(fields["device"])
    old, new = (read_device(device, user_id, fields[which]) for which in ("old", "new"))
    signature = some_bytes(fields["signature"], old.suite.signature_size)
    require_signature(old.suite, old.signing_key, signature, _pack_rotation(device, old, new), "rotation_invalid")
    return new


def _pack_rotation(device: str, old: PublicDevice, new: PublicDevice) -> bytes:
    bundles = old.packed, old.signature, new.packed, new.signature
    return pack("chat/rotation/1", old.user_id, device, *bundles)
