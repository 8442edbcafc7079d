"""Restoring a backup into an empty installation, while no server runs there."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings

from chatproject import server
from chatproject.backups.archive import KEPT, unpack
from chatproject.backups.keeping import scratch
from chatproject.backups.making import kept_keys
from chatproject.snapshot.folder import verify
from chatproject.snapshot.loading import load, refuse_unless_empty
from chatproject.snapshot.manifest import Manifest
from chatproject.snapshot.taking import Report

Stage = Callable[[str], Report]


def restore(archive: Path, stage: Stage) -> Manifest:
    """Restore a backup: all of it is opened, and compared with its manifest, before anything of it is stored.

    `stage` hears what begins, and returns who hears how far that is. Raises `NotEmpty`, `Damaged` and, when a server
    holds the port or the database is away, `CannotStart`. The installation gets another epoch: what clients hold of the
    old one means nothing.
    """
    with server.listen(settings.HOST, settings.PORT), scratch("restore", is_alone=True) as folder:
        server.reach_database()
        refuse_unless_empty()
        unpack(archive, folder, settings.BACKUP_KEY, stage("Opening"))
        manifest = verify(folder, stage("Comparing"))
        _put_keys(folder / KEPT)
        load(folder, manifest, moves=True, report=stage("Storing"))
    return manifest


def _put_keys(folder: Path) -> None:
    """In place of those that this installation has made, not of those that somebody has set."""
    for name in kept_keys():
        if (folder / name).is_file():
            with NamedTemporaryFile("wb", dir=settings.DATA_DIR, prefix=f".{name}-", delete=False) as file:
                file.write((folder / name).read_bytes())
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(settings.DATA_DIR / name)
