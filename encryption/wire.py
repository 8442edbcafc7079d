"""Keys as they go over the wire."""

from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from common.errors import invalid
from common.text import LINE
from common.wire import Body, Moment

SuiteName = Literal["rsa-oaep-3072+aes-256-gcm+rsa-pss", "x25519+aes-256-gcm+ed25519"]
BASE64URL = "^[A-Za-z0-9_-]+$"


class Bundle(Body):
    """The public keys of a device: SPKI in DER, and their signature by the signing key, all base64url without padding.
    docs/encryption.md specifies every byte."""

    suite: SuiteName
    encryption_key: Annotated[str, Meta(max_length=1024)]
    signing_key: Annotated[str, Meta(max_length=1024)]
    signature: Annotated[str, Meta(max_length=1024)]


class NewKeyDevice(Bundle):
    """A device that reads and writes end-to-end encrypted messages, as long as this session lasts."""

    name: Annotated[str, Meta(max_length=100, extra=LINE)] = ""


class Rotation(Body):
    """New keys for a device, signed by its old signing key. With the password instead, it is recorded as a reset, which
    others are shown."""

    device_id: UUID
    bundle: Bundle
    signature: Annotated[str, Meta(max_length=1024)] | None = None
    password: Annotated[str, Meta(max_length=1024)] | None = None


class KeyDeviceState(msgspec.Struct):
    """A device that reads end-to-end encrypted messages, and its keys."""

    id: UUID
    name: str
    bundle: Bundle
    fingerprint: str
    created_at: Moment
    is_current: bool


class KeyLogHead(msgspec.Struct):
    """The end of a person's key log: its last number and hash, or 0 and an empty hash if nothing was registered."""

    number: int
    hash: str


class PublicKeys(msgspec.Struct):
    """All devices of a person, and the end of their key log."""

    user_id: UUID
    devices: list[KeyDeviceState]
    log: KeyLogHead


class RosterDevice(msgspec.Struct):
    """A device that messages are encrypted for, and its keys."""

    id: UUID
    bundle: Bundle
    fingerprint: str


class RosterMember(msgspec.Struct):
    """A person whose devices messages are encrypted for, and the end of their key log at that point."""

    user_id: UUID
    devices: list[RosterDevice]
    log: KeyLogHead


class Roster(msgspec.Struct):
    """Which devices the messages of an end-to-end encrypted conversation are encrypted for. `roster_seq` is the `seq`
    at which this last changed."""

    conversation_id: UUID
    roster_seq: int
    members: list[RosterMember]


class RosterRow(msgspec.Struct):
    """A device of a roster, and its owner."""

    device_id: UUID
    user_id: UUID


class Recipient(Body):
    """The message's key, encrypted for a device."""

    device: UUID
    key: Annotated[str, Meta(pattern=BASE64URL, max_length=512)]


class SeenHead(Body):
    """The end of a member's key log as the sender of a message saw it: the number and hash of its last line, or 0 and
    an empty hash if there was none."""

    user: UUID
    number: Annotated[int, Meta(ge=0, lt=2**53)]
    hash: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]


class Envelope(Body):
    """A message, encrypted by its sender's device for each device that is to read it. docs/encryption.md specifies
    every byte; binary fields are base64url without padding. The server checks the recipients and `roster_seq`, but
    cannot decrypt the message. Version 2 has `heads`, which readers compare with the key logs that they get; version 1
    has none.
    """

    suite: SuiteName
    sender_device: UUID
    roster_seq: Annotated[int, Meta(ge=0, lt=2**53)]
    recipients: Annotated[list[Recipient], Meta(min_length=1, max_length=1024, description="Ascending by device.")]
    nonce: Annotated[str, Meta(pattern=BASE64URL, min_length=16, max_length=16)]
    ciphertext: Annotated[str, Meta(pattern=BASE64URL, max_length=87_403)]
    signature: Annotated[str, Meta(pattern=BASE64URL, max_length=512)]
    v: Literal[1, 2]
    heads: (
        Annotated[list[SeenHead], Meta(min_length=1, max_length=256, description="Ascending by user.")] | UnsetType
    ) = UNSET

    def check(self) -> None:
        """Check what the types cannot express. Refuses (`invalid`) recipients and heads that are not in ascending
        order, heads in version 1 or none in version 2, and heads without a hash."""
        if not _ascend([recipient.device for recipient in self.recipients]):
            raise invalid("envelope.recipients", "List the recipients in ascending order of their devices, each once.")
        heads = self.heads or []
        if (self.v == 2) != bool(heads):
            raise invalid("envelope.heads", "Version 2 needs the heads of key logs, version 1 has none.")
        if not _ascend([head.user for head in heads]):
            raise invalid("envelope.heads", "List the heads in ascending order of their users, each once.")
        if any(bool(head.number) != bool(head.hash) for head in heads):
            raise invalid("envelope.heads", "A head with a number needs the hash of its line, one without has none.")


def _ascend(ids: list[UUID]) -> bool:
    return all(one < other for one, other in pairwise(ids))


class NewPrekey(Body):
    """A public encryption key of the device's suite for one message, and the device's signature of `chat/prekey/1`.
    docs/encryption.md specifies every byte. Each number is used once, and the next one is higher."""

    number: Annotated[int, Meta(ge=1, lt=2**31)]
    key: Annotated[str, Meta(max_length=1024)]
    signature: Annotated[str, Meta(max_length=1024)]


class NewPrekeys(Body):
    """Keys for one message each, and the `fallback` that others get when none of them is left. Without a `fallback`,
    the previous one stays."""

    one_time: Annotated[list[NewPrekey], Meta(max_length=100)] = []
    fallback: NewPrekey | None = None


class PrekeyStock(msgspec.Struct):
    """How many one-time prekeys of this device are left, and the highest number it has used, or 0."""

    one_time: int
    has_fallback: bool
    last_number: int


class PrekeyClaim(Body):
    """The devices to claim a prekey of."""

    device_ids: Annotated[list[UUID], Meta(min_length=1, max_length=100)]


class ClaimedPrekey(msgspec.Struct):
    """A prekey of a device. Nobody else gets it, unless it is the fallback."""

    device_id: UUID
    number: int
    key: str
    signature: str
    is_fallback: bool


class ClaimedPrekeys(msgspec.Struct):
    """A prekey of each device that has one, ascending by device. Other devices are left out."""

    prekeys: list[ClaimedPrekey]


class StaleRoster(msgspec.Struct):
    """Comes with `stale_devices`: the recipients must be exactly these devices, and the envelope must have this
    `roster_seq`."""

    roster_seq: int
    devices: list[RosterRow]


class KeyLogEntry(msgspec.Struct):
    """A line of a person's key log. `proof` is the signature of a rotation by the old key. `hash` is the SHA-256 of
    `chat/key-log/1` with the previous hash, number, kind, device, the bundle's fields, proof and time."""

    number: int
    kind: str
    device_id: UUID
    bundle: Bundle
    proof: str | None
    at: str
    hash: str


class KeyLog(msgspec.Struct):
    """At most 100 lines of a key log, ascending, and the end of the log."""

    entries: list[KeyLogEntry]
    head: KeyLogHead


class _Blob(Body, tag_field="kdf"):
    v: Literal[1]
    salt: Annotated[str, Meta(max_length=22)]
    nonce: Annotated[str, Meta(max_length=16)]
    ciphertext: Annotated[str, Meta(max_length=349_526, description="49 bytes to 256 KiB.")]


class Pbkdf2Backup(_Blob, tag="pbkdf2-sha256"):
    """Private keys, encrypted with a passphrase by PBKDF2, which every client can decrypt. docs/encryption.md specifies
    every byte; binary fields are base64url without padding."""

    rounds: Annotated[int, Meta(ge=600_000, le=10_000_000)]


class Argon2Backup(_Blob, tag="argon2id"):
    """Private keys, encrypted with a passphrase by Argon2id, which browsers cannot decrypt. docs/encryption.md
    specifies every byte; binary fields are base64url without padding."""

    memory_kib: Literal[65536]
    passes: Literal[3]
    lanes: Literal[4]


BackupBlob = Pbkdf2Backup | Argon2Backup


class BackupVersion(msgspec.Struct):
    """The version of the stored backup, and since when it is stored. To replace or delete it, send this version in
    `If-Match`."""

    version: int
    updated_at: Moment


class Backup(BackupVersion):
    """The backup, as it was stored."""

    blob: BackupBlob


class BackupReading(Body):
    """The password of the account, not the passphrase, which the server must never see."""

    password: Annotated[str, Meta(min_length=1, max_length=1024)]
