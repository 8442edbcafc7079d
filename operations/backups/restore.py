"""Restoring a backup into an empty installation that no server is using."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings

from operations import bootstrap
from operations.backups.archive import KEYS_FOLDER, unpack
from operations.backups.create import generated_keys
from operations.backups.storage import scratch_folder
from operations.snapshot.folder import verify_snapshot
from operations.snapshot.load import load_snapshot, refuse_unless_empty
from operations.snapshot.manifest import Manifest
from operations.snapshot.write import ReportProgress

StartStage = Callable[[str], ReportProgress]


def restore_backup(archive: Path, start_stage: StartStage) -> Manifest:
    """Restore a backup. All of it is decrypted and compared with its manifest before anything is stored.

    `start_stage` is called with the name of each stage, and returns the function that reports its progress. Raises
    `NotEmpty`, `Damaged` and, if a server holds the port or the database does not respond, `CannotStart`. The
    installation gets a new epoch, so clients discard the positions they hold.
    """
    with bootstrap.listen(settings.HOST, settings.PORT), scratch_folder("restore") as folder:
        bootstrap.reach_database()
        refuse_unless_empty()
        unpack(archive, folder, settings.BACKUP_KEY, start_stage("Opening"))
        manifest = verify_snapshot(folder, start_stage("Comparing"))
        _restore_keys(folder / KEYS_FOLDER)
        load_snapshot(folder, manifest, moves=True, report=start_stage("Storing"))
    return manifest


def _restore_keys(folder: Path) -> None:
    """Replace the keys that this installation generated, but not keys set in the environment."""
    for name in generated_keys():
        if (folder / name).is_file():
            with NamedTemporaryFile("wb", dir=settings.DATA_DIR, prefix=f".{name}-", delete=False) as file:
                file.write((folder / name).read_bytes())
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(settings.DATA_DIR / name)
