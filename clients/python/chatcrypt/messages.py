"""Sealing and opening messages and edits."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chatcrypt.body import pad, require_shown, unpad
from chatcrypt.devices import OwnDevice, PublicDevice
from chatcrypt.envelope import RECIPIENTS, Envelope, Place, require_order, wrap_info
from chatcrypt.errors import CryptoError
from chatcrypt.heads import Head, read_heads, write_heads
from chatcrypt.shapes import Json, a_number, an_id
from chatcrypt.suites import require_signature

Wrap = Callable[[PublicDevice, bytes, bytes], bytes]


def wrap_key(recipient: PublicDevice, secret: bytes, info: bytes) -> bytes:
    """The key of a message for one device. Raises `bad_key` for a public key that makes no secret."""
    try:
        return recipient.suite.wrap(recipient.encryption_key, secret, info)
    except ValueError:
        raise CryptoError("bad_key") from None


@dataclass(frozen=True)
class Fresh:
    """The random values of a message. Pass them only to reproduce a known result."""

    key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)
    nonce: bytes = field(default_factory=lambda: os.urandom(12))
    wrap: Wrap = wrap_key


def seal_message(
    body: Json,
    place: Place,
    *,
    sender: OwnDevice,
    recipients: Iterable[PublicDevice],
    roster_seq: int,
    heads: Iterable[Head] = (),
    fresh: Fresh | None = None,
) -> dict[str, Any]:
    """The envelope of this body for these devices: all that are to read it, own ones included.

    The body is `{content, mentions?, attachments?}`. `heads` say where the key log of each member ended for its author,
    so that readers notice a server that shows them other logs; without them it is an envelope of version 1. Raises
    `content_invalid`, `too_large`, `recipients_duplicate`, `heads_unsorted`.
    """
    fresh, readers = fresh or Fresh(), sorted(recipients, key=lambda each: an_id(each.id))
    if not 1 <= len(readers) <= RECIPIENTS:
        raise CryptoError("too_large" if readers else "malformed")
    require_order([an_id(each.id) for each in readers])
    suite, device, roster = sender.public.suite, an_id(sender.id), a_number(roster_seq)
    ends = tuple(sorted(heads, key=lambda head: head.user))
    seen = read_heads(write_heads(ends)) if ends else ()
    context = place.context(suite, device, roster, seen)
    ciphertext = AESGCM(fresh.key).encrypt(fresh.nonce, pad(require_shown(body)), context)
    keys = tuple((an_id(each.id), fresh.wrap(each, fresh.key, wrap_info(each, context))) for each in readers)
    unsigned = Envelope(suite, device, roster, keys, fresh.nonce, ciphertext, heads=seen)
    return replace(unsigned, signature=suite.sign(sender.signing_key, unsigned.signed(context))).to_json()


class Seen:
    """What was read from each device, by `client_id`. This one lasts as long as the process."""

    def __init__(self) -> None:
        self._digests: dict[tuple[str, str], bytes] = {}

    def first(self, sender_device: str, client_id: str, digest: bytes) -> bytes:
        """What was read first under this `client_id`, which is this digest if nothing was."""
        return self._digests.setdefault((sender_device, client_id), digest)


def open_message(
    envelope: object, place: Place, *, sender: PublicDevice, devices: Iterable[OwnDevice], seen: Seen | None = None
) -> dict[str, Any]:
    """The body of an envelope, `{content, mentions, attachments}`.

    `place` is where the reader found it, `sender` the device that it is said to be from, `devices` the own keys:
    present and earlier ones. Without `seen` it is not noticed when a device uses a `client_id` twice. The
    `heads` of `Envelope.read(envelope)` are what its author saw of the key logs: compare them with those that you are
    shown. Raises CryptoError.
    """
    read = Envelope.read(envelope)
    if (read.sender_device, read.suite) != (sender.id, sender.suite):
        raise CryptoError("wrong_sender")
    context = place.context(read.suite, read.sender_device, read.roster_seq, read.heads)
    signed = read.signed(context)
    require_signature(read.suite, sender.signing_key, read.signature, signed, "signature_invalid")
    digest = sha256(signed).digest()
    if seen and seen.first(read.sender_device, place.client_id, digest) != digest:
        raise CryptoError("replayed")
    try:
        return unpad(AESGCM(_unwrap(read, context, devices)).decrypt(read.nonce, read.ciphertext, context))
    except InvalidTag:
        raise CryptoError("ciphertext_invalid") from None


def _unwrap(envelope: Envelope, context: bytes, devices: Iterable[OwnDevice]) -> bytes:
    """The key of the message, by whichever own device it was wrapped for."""
    wrapped = dict(envelope.recipients)
    mine = [device for device in devices if device.id in wrapped]
    if not mine:
        raise CryptoError("not_a_recipient")
    for device in mine:
        try:
            info = wrap_info(device.public, context)
            key = device.public.suite.unwrap(device.encryption_key, wrapped[an_id(device.id)], info)
        except (ValueError, InvalidTag):
            continue
        if len(key) == 32:
            return key
    raise CryptoError("wrap_invalid")
