"""The backup of somebody's private keys: one blob, which a client has wrapped under a passphrase, opaque here."""

from datetime import timedelta

import msgspec
from django.db import transaction

from accounts.models import Session, User
from accounts.services.passwords import prove_password
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, not_found
from chatproject.common.limited import limited
from encryption.bundles import decoded
from encryption.models import KeyBackup
from encryption.wire import BackupBlob

FRESH = timedelta(minutes=15)
SALT_SIZE, NONCE_SIZE, CIPHERTEXT_SIZES = 16, 12, (49, 256 * 1024)


@limited("RATE_KEY_BACKUP_WRITES")
def put_backup(actor: User, blob: BackupBlob, *, version: int | None) -> tuple[KeyBackup, bool]:
    """Keep this blob in place of that version (None: where there is no backup), and whether there was none. The very
    blob that is kept may be put again, whatever the version. Refuses `invalid`, `rate_limited`, and
    `precondition_failed` where another version is kept."""
    decoded(blob.salt, "salt", SALT_SIZE)
    decoded(blob.nonce, "nonce", NONCE_SIZE)
    decoded(blob.ciphertext, "ciphertext", *CIPHERTEXT_SIZES)
    new = msgspec.to_builtins(blob)
    with transaction.atomic():
        backup = _locked(actor)
        is_first = backup.blob is None
        if backup.blob != new:
            _refuse_other(backup, version)
            _move_on(backup, new)
    return backup, is_first


@limited("RATE_KEY_BACKUP_WRITES")
def delete_backup(actor: User, *, version: int) -> None:
    """Keep it no more. Refuses `not_found`, `rate_limited`, and `precondition_failed` where another version is kept."""
    with transaction.atomic():
        backup = _locked(actor)
        if backup.blob is None:
            raise not_found()
        _refuse_other(backup, version)
        _move_on(backup, None)


@limited("RATE_KEY_BACKUP_READS")
def read_backup(session: Session, *, password: str | None = None) -> KeyBackup:
    """The backup, for a sign-in that is fresh or shows the password: a stolen token alone must not get what can be
    guessed at for ever. Refuses `reauthentication_required`, `invalid`, `rate_limited` and `not_found`."""
    if password is not None:
        prove_password(session.user, password)
    elif session.created_at < now() - FRESH:
        raise Refusal("reauthentication_required")
    backup = KeyBackup.objects.filter(user=session.user_id, blob__isnull=False).first()
    if backup is None:
        raise not_found()
    return backup


def _locked(user: User) -> KeyBackup:
    """Their row, new or without a blob where no backup is kept. The lock on the person is for the first of all."""
    User.objects.lock(user)
    return KeyBackup.objects.filter(user=user).first() or KeyBackup(user=user)


def _refuse_other(backup: KeyBackup, version: int | None) -> None:
    kept = None if backup.blob is None else backup.version
    if kept != version:
        raise Refusal("precondition_failed", f"Version {kept} is kept." if kept else "There is no backup.")


def _move_on(backup: KeyBackup, blob: object) -> None:
    backup.version, backup.blob, backup.updated_at = backup.version + 1, blob, now()
    backup.save()
