"""The backup of somebody's private keys: one blob, encrypted by a client with a passphrase and opaque to the server."""

from datetime import timedelta

import msgspec
from django.db import transaction

from accounts.models import Session, User
from accounts.services.passwords import verify_password
from common.action_limits import limited
from common.clock import now
from common.errors import Refusal, not_found
from encryption.bundles import decode_field
from encryption.models import KeyBackup
from encryption.wire import BackupBlob

RECENT_SESSION = timedelta(minutes=15)
SALT_SIZE, NONCE_SIZE, CIPHERTEXT_SIZES = 16, 12, (49, 256 * 1024)


@limited("RATE_KEY_BACKUP_WRITES")
def put_backup(actor: User, blob: BackupBlob, *, version: int | None) -> tuple[KeyBackup, bool]:
    """Store this blob in place of that version (None if there is no backup). Returns the backup and whether it is the
    first. The blob that is already stored may be put again with any version. Refuses `invalid`, `rate_limited`, and
    `precondition_failed` if the stored version is a different one."""
    decode_field(blob.salt, "salt", SALT_SIZE)
    decode_field(blob.nonce, "nonce", NONCE_SIZE)
    decode_field(blob.ciphertext, "ciphertext", *CIPHERTEXT_SIZES)
    new = msgspec.to_builtins(blob)
    with transaction.atomic():
        backup = _locked(actor)
        is_first = backup.blob is None
        if backup.blob != new:
            _refuse_other_version(backup, version)
            _save_next_version(backup, new)
    return backup, is_first


@limited("RATE_KEY_BACKUP_WRITES")
def delete_backup(actor: User, *, version: int) -> None:
    """Delete the backup. Refuses `not_found`, `rate_limited`, and `precondition_failed` if the stored version is a
    different one."""
    with transaction.atomic():
        backup = _locked(actor)
        if backup.blob is None:
            raise not_found()
        _refuse_other_version(backup, version)
        _save_next_version(backup, None)


@limited("RATE_KEY_BACKUP_READS")
def read_backup(session: Session, *, password: str | None = None) -> KeyBackup:
    """The backup, for a recent session or with the password: a stolen token alone must not give access to something
    whose passphrase can be guessed offline. Refuses `reauthentication_required`, `invalid`, `rate_limited` and
    `not_found`."""
    if password is not None:
        verify_password(session.user, password)
    elif session.created_at < now() - RECENT_SESSION:
        raise Refusal("reauthentication_required")
    backup = KeyBackup.objects.filter(user=session.user_id, blob__isnull=False).first()
    if backup is None:
        raise not_found()
    return backup


def _locked(user: User) -> KeyBackup:
    """The person's row, locked; new or without a blob if there is no backup. The person is locked for the case that
    there is no row yet."""
    User.objects.lock(user)
    return KeyBackup.objects.filter(user=user).first() or KeyBackup(user=user)


def _refuse_other_version(backup: KeyBackup, version: int | None) -> None:
    stored = None if backup.blob is None else backup.version
    if stored != version:
        detail = f"The stored backup has version {stored}. Load it first." if stored else "There is no backup."
        raise Refusal("precondition_failed", detail)


def _save_next_version(backup: KeyBackup, blob: object) -> None:
    backup.version, backup.blob, backup.updated_at = backup.version + 1, blob, now()
    backup.save()
