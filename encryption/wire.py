"""Keys as they go over the wire."""

from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chatproject.common.clock import rfc3339
from chatproject.common.errors import invalid
from chatproject.common.text import LINE
from chatproject.common.wire import Body, Moment
from encryption.models import ManagedKey

SuiteName = Literal["rsa-oaep-3072+aes-256-gcm+rsa-pss", "x25519+aes-256-gcm+ed25519"]
BASE64URL = "^[A-Za-z0-9_-]+$"
Passphrase = Annotated[str, Meta(min_length=8, max_length=1024, description="Never kept, and not the password.")]


class Bundle(Body):
    """The public keys of a device: SPKI in DER, and their signature by the signing key. All base64url without padding;
    docs/encryption.md has every byte."""

    suite: SuiteName
    encryption_key: Annotated[str, Meta(max_length=1024)]
    signing_key: Annotated[str, Meta(max_length=1024)]
    signature: Annotated[str, Meta(max_length=1024)]


class NewKeyDevice(Bundle):
    """A device that reads and writes end to end, as long as this sign-in lasts."""

    name: Annotated[str, Meta(max_length=100, extra=LINE)] = ""


class Rotation(Body):
    """New keys for a device: signed by the old signing key, or else with the password, which marks it as a reset that
    everybody is shown."""

    device_id: UUID
    bundle: Bundle
    signature: Annotated[str, Meta(max_length=1024)] | None = None
    password: Annotated[str, Meta(max_length=1024)] | None = None


class KeyDeviceState(msgspec.Struct):
    """A device that can read end to end, and its keys."""

    id: UUID
    name: str
    bundle: Bundle
    fingerprint: str
    created_at: Moment
    is_current: bool


class KeyLogHead(msgspec.Struct):
    """Where a person's key log ends: its last number and hash. 0 and an empty hash where nothing was registered."""

    number: int
    hash: str


class PublicKeys(msgspec.Struct):
    """All devices of a person, and where their key log stands."""

    user_id: UUID
    devices: list[KeyDeviceState]
    log: KeyLogHead


class RosterDevice(msgspec.Struct):
    """A device that a message is sealed for, and its keys."""

    id: UUID
    bundle: Bundle
    fingerprint: str


class RosterMember(msgspec.Struct):
    """Somebody for whose devices messages are sealed, and where their key log stood."""

    user_id: UUID
    devices: list[RosterDevice]
    log: KeyLogHead


class Roster(msgspec.Struct):
    """Whom the messages of an end-to-end conversation are sealed for: `roster_seq` is the place of its log at which
    that last changed."""

    conversation_id: UUID
    roster_seq: int
    members: list[RosterMember]


class RosterRow(msgspec.Struct):
    """A device of a roster, and whose it is."""

    device_id: UUID
    user_id: UUID


class Recipient(Body):
    """The message's key, wrapped for a device."""

    device: UUID
    key: Annotated[str, Meta(pattern=BASE64URL, max_length=512)]


class SeenHead(Body):
    """Where a member's key log ended for the sender of a message: the number and hash of its last line, or 0 and an
    empty hash where there was none."""

    user: UUID
    number: Annotated[int, Meta(ge=0, lt=2**53)]
    hash: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]


class Envelope(Body):
    """A message as its sender's device has sealed it for each device that is to read it. docs/encryption.md has every
    byte; binary fields are base64url without padding. The server looks at the recipients and at `roster_seq`; it cannot
    open it. Version 2 has `heads`, which its readers compare with the key logs that they are shown; version 1 has none.
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
        """What the types cannot say: refuses (`invalid`) recipients and heads that do not ascend, heads of the wrong
        version, and those without a hash."""
        if not _ascend([recipient.device for recipient in self.recipients]):
            raise invalid("envelope.recipients", "Recipients ascend by device, each once.")
        heads = self.heads or []
        if (self.v == 2) != bool(heads):
            raise invalid("envelope.heads", "Version 2 has heads of key logs, version 1 has none.")
        if not _ascend([head.user for head in heads]):
            raise invalid("envelope.heads", "Heads ascend by user, each once.")
        if any(bool(head.number) != bool(head.hash) for head in heads):
            raise invalid("envelope.heads", "A head has the hash of its line.")


def _ascend(ids: list[UUID]) -> bool:
    return all(one < other for one, other in pairwise(ids))


class NewPrekey(Body):
    """A public encryption key of the device's suite for one message, and the device's signature of `chat/prekey/1`;
    docs/encryption.md has every byte. Each number is given once, the next above the last."""

    number: Annotated[int, Meta(ge=1, lt=2**31)]
    key: Annotated[str, Meta(max_length=1024)]
    signature: Annotated[str, Meta(max_length=1024)]


class NewPrekeys(Body):
    """Keys that others may have for one message each, and the one they get when none of those is left; without a
    `fallback` the one before stays."""

    one_time: Annotated[list[NewPrekey], Meta(max_length=100)] = []
    fallback: NewPrekey | None = None


class PrekeyStock(msgspec.Struct):
    """How many one-time keys of this device are left, and the highest number that it has given, 0 for none."""

    one_time: int
    has_fallback: bool
    last_number: int


class PrekeyClaim(Body):
    """The devices that a key is asked of."""

    device_ids: Annotated[list[UUID], Meta(min_length=1, max_length=100)]


class ClaimedPrekey(msgspec.Struct):
    """A key of a device: for this asker alone, unless it is the fallback."""

    device_id: UUID
    number: int
    key: str
    signature: str
    is_fallback: bool


class ClaimedPrekeys(msgspec.Struct):
    """A key of each device that has one, ascending by device. The others are not named."""

    prekeys: list[ClaimedPrekey]


class StaleRoster(msgspec.Struct):
    """What `stale_devices` says: exactly these devices must be the recipients, and the envelope made for this
    `roster_seq`."""

    roster_seq: int
    devices: list[RosterRow]


class KeyLogEntry(msgspec.Struct):
    """A line of a person's key log. `proof` is the old key's signature of a rotation. `hash` is the SHA-256 of
    `chat/key-log/1` with the hash before it, number, kind, device, the bundle's fields, proof and time."""

    number: int
    kind: str
    device_id: UUID
    bundle: Bundle
    proof: str | None
    at: str
    hash: str


class KeyLog(msgspec.Struct):
    """Lines of a key log, ascending, at most 100, and where the log ends."""

    entries: list[KeyLogEntry]
    head: KeyLogHead


class _Blob(Body, tag_field="kdf"):
    v: Literal[1]
    salt: Annotated[str, Meta(max_length=22)]
    nonce: Annotated[str, Meta(max_length=16)]
    ciphertext: Annotated[str, Meta(max_length=349_526, description="49 bytes to 256 KiB.")]


class Pbkdf2Backup(_Blob, tag="pbkdf2-sha256"):
    """Private keys, wrapped under a passphrase by PBKDF2: what every client opens. docs/encryption.md has every byte;
    all is base64url without padding."""

    rounds: Annotated[int, Meta(ge=600_000, le=10_000_000)]


class Argon2Backup(_Blob, tag="argon2id"):
    """Private keys, wrapped under a passphrase by Argon2id: browsers cannot open it. docs/encryption.md has every byte;
    all is base64url without padding."""

    memory_kib: Literal[65536]
    passes: Literal[3]
    lanes: Literal[4]


BackupBlob = Pbkdf2Backup | Argon2Backup


class BackupVersion(msgspec.Struct):
    """Which backup is kept, and since when. What replaces or deletes it names this version in `If-Match`."""

    version: int
    updated_at: Moment


class Backup(BackupVersion):
    """The backup, as it was put here."""

    blob: BackupBlob


class BackupReading(Body):
    """The password of the account; not the passphrase, which the server must not see."""

    password: Annotated[str, Meta(min_length=1, max_length=1024)]


class NewManagedKey(Body):
    """The passphrase under which the private half is kept. Who forgets it has lost what was encrypted for the key."""

    passphrase: Passphrase


class ManagedKeyState(msgspec.Struct):
    """The public half of a key that the server has made: SPKI as PEM, and the SHA-256 of its DER as hex."""

    key_id: UUID
    user_id: UUID
    public_key: str
    fingerprint: str
    created_at: Moment


class ManagedEnvelope(msgspec.Struct):
    """A text that was encrypted here, by RSA-OAEP (SHA-256) and AES-256-GCM, for the key named."""

    key_id: UUID
    wrapped_key: Annotated[bytes, Meta(min_length=384, max_length=384)]
    nonce: Annotated[bytes, Meta(min_length=12, max_length=12)]
    ciphertext: bytes
    v: Annotated[int, Meta(ge=1, le=1)] = 1


class SentEnvelope(ManagedEnvelope, forbid_unknown_fields=True):
    """Such an envelope as it comes back."""


class ManagedText(Body):
    """A text for somebody's key. The server sees it while it encrypts it, and does not keep it."""

    recipient_id: UUID
    plaintext: str


class ManagedOpening(Body):
    """An envelope for one's own key, and the passphrase."""

    envelope: SentEnvelope
    passphrase: Passphrase


class OpenedText(msgspec.Struct):
    """What was in the envelope."""

    plaintext: str


def managed_key_state(key: ManagedKey, fingerprint: str) -> ManagedKeyState:
    """A managed key as everybody sees it who may."""
    return ManagedKeyState(key.id, key.user_id, key.public_key, fingerprint, rfc3339(key.created_at))
