"""The envelope of a message: its shape, and the bytes that bind it to its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from chatcrypt.body import CLASSES
from chatcrypt.canonical import encode, pack
from chatcrypt.devices import PublicDevice
from chatcrypt.errors import CryptoError
from chatcrypt.heads import Head, digest_of, read_heads, write_heads
from chatcrypt.shapes import a_client_id, a_number, an_id, exactly, some_bytes, versioned
from chatcrypt.suite import Suite
from chatcrypt.suites import SUITES, suite_of

RECIPIENTS = 1024
TAG = 16
FIELDS = ("v", "suite", "sender_device", "roster_seq", "recipients", "nonce", "ciphertext", "signature")
WRAP_SIZES = tuple(suite.wrap_size for suite in SUITES.values())
CIPHERTEXT_SIZES = tuple(size + TAG for size in CLASSES)


@dataclass(frozen=True)
class Place:
    """Where a message belongs, as its reader knows it. An edit `replaces` one and has a `client_id` of its own."""

    conversation_id: str
    client_id: str
    replaces: str | None = None

    def context(self, suite: Suite, sender_device: str, roster_seq: int, heads: Sequence[Head] = ()) -> bytes:
        """What is bound into every part of a message. Version 2 binds heads of key logs, version 1 has none."""
        fields = suite.name, an_id(self.conversation_id), sender_device, a_client_id(self.client_id), roster_seq
        bound = (digest_of(heads),) if heads else ()
        version = 2 if heads else 1
        if self.replaces is None:
            return pack(f"chat/message/{version}", *fields, *bound)
        return pack(f"chat/edit/{version}", *fields, *bound, an_id(self.replaces))


@dataclass(frozen=True)
class Envelope:
    """A sealed message. It has `heads` from version 2 on."""

    suite: Suite
    sender_device: str
    roster_seq: int
    recipients: tuple[tuple[str, bytes], ...]
    nonce: bytes
    ciphertext: bytes
    signature: bytes = b""
    heads: tuple[Head, ...] = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Checks everything that can be checked without a key."""
        has_heads = versioned(value, 1, 2)["v"] == 2
        fields = exactly(value, *FIELDS, *(("heads",) if has_heads else ()))
        suite = suite_of(fields["suite"])
        return cls(
            suite=suite,
            sender_device=an_id(fields["sender_device"]),
            roster_seq=a_number(fields["roster_seq"]),
            recipients=_recipients(fields["recipients"]),
            nonce=some_bytes(fields["nonce"], 12),
            ciphertext=some_bytes(fields["ciphertext"], *CIPHERTEXT_SIZES),
            signature=some_bytes(fields["signature"], suite.signature_size),
            heads=read_heads(fields["heads"]) if has_heads else (),
        )

    def signed(self, context: bytes) -> bytes:
        """The bytes that the sender signs."""
        flat = (part for recipient in self.recipients for part in recipient)
        return pack("chat/signature/1", context, len(self.recipients), *flat, self.nonce, self.ciphertext)

    def to_json(self) -> dict[str, Any]:
        return {
            "v": 2 if self.heads else 1,
            "suite": self.suite.name,
            "sender_device": self.sender_device,
            "roster_seq": self.roster_seq,
            **({"heads": write_heads(self.heads)} if self.heads else {}),
            "recipients": [{"device": device, "key": encode(key)} for device, key in self.recipients],
            "nonce": encode(self.nonce),
            "ciphertext": encode(self.ciphertext),
            "signature": encode(self.signature),
        }


def wrap_info(recipient: PublicDevice, context: bytes) -> bytes:
    """What binds a wrapped key to its message and its recipient."""
    return pack("chat/wrap/1", recipient.suite.name, context, an_id(recipient.id), recipient.encryption_key)


def require_order(devices: list[str]) -> None:
    """Raises `recipients_duplicate` or `recipients_unsorted` unless these ascend."""
    if len(set(devices)) != len(devices):
        raise CryptoError("recipients_duplicate")
    if sorted(devices) != devices:
        raise CryptoError("recipients_unsorted")


def _recipients(value: object) -> tuple[tuple[str, bytes], ...]:
    if not isinstance(value, list) or not value:
        raise CryptoError("malformed")
    if len(value) > RECIPIENTS:
        raise CryptoError("too_large")
    rows = [exactly(each, "device", "key") for each in value]
    recipients = tuple((an_id(row["device"]), some_bytes(row["key"], *WRAP_SIZES)) for row in rows)
    require_order([device for device, _ in recipients])
    return recipients
