"""Backups as they go over the wire."""

from uuid import UUID

import msgspec

from common.clock import rfc3339
from common.wire import Body, ClientId, Moment
from operations.models import Backup


class NewBackup(Body):
    """Start a backup."""

    client_id: ClientId | None = None


class BackupState(msgspec.Struct):
    """A backup of everything: `queued`, `running`, `done` or `failed`.

    `progress` is a percentage, `size` is in bytes, and `note` says why it failed or which files were missing.
    `proved_at` is when a drill restored and verified it, or null. `copied_at` is when it was copied to `BACKUP_URL`,
    and `copy_note` says why the last copy failed. `deleted_at` is when its file was deleted under the retention
    settings.
    """

    id: UUID
    status: str
    progress: int
    size: int | None
    note: str
    created_at: Moment
    finished_at: Moment | None
    proved_at: Moment | None
    copied_at: Moment | None
    copy_note: str
    deleted_at: Moment | None


def backup_state(backup: Backup) -> BackupState:
    """A backup as operators see it."""
    ends = (backup.finished_at, backup.proved_at, backup.copied_at, backup.deleted_at)
    finished_at, proved_at, copied_at, deleted_at = (rfc3339(moment) if moment else None for moment in ends)
    return BackupState(
        id=backup.id,
        status=backup.status,
        progress=backup.progress,
        size=backup.size,
        note=backup.note,
        created_at=rfc3339(backup.created_at),
        finished_at=finished_at,
        proved_at=proved_at,
        copied_at=copied_at,
        copy_note=backup.copy_note,
        deleted_at=deleted_at,
    )
