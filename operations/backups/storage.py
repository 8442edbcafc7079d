"""Where backups are stored: in `DATA_DIR/backups`, and at `BACKUP_URL`."""

import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from uuid import UUID

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage, storages

from operations.models import Backup

FILE_NAME = re.compile(r"chat-([0-9]{8}T[0-9]{6}Z)-([0-9a-f]{32})\.backup")
COPY_BUFFER = 1 << 20


class NoBackup(Exception):
    """There is no such backup. The message is a sentence."""


def file_name(backup: Backup) -> str:
    """The name of a backup's file. Names sort by time."""
    return f"chat-{backup.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{backup.id.hex}.backup"


def parse_file_name(name: str) -> tuple[UUID, datetime]:
    """The id of the backup in a file, and when it was made. Raises `NoBackup`."""
    match = FILE_NAME.fullmatch(name)
    if match is None:
        raise NoBackup(f"{name} is not the name of a backup.")
    return UUID(match[2]), datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def local_storage() -> FileSystemStorage:
    """The backups on this disk."""
    return FileSystemStorage(settings.BACKUP_FOLDER, file_permissions_mode=0o600, directory_permissions_mode=0o700)


def remote_storage() -> Storage | None:
    """The backups at `BACKUP_URL`, if it is set."""
    return storages["backups"] if settings.BACKUP_URL else None


def list_names(storage: Storage) -> list[str]:
    """The file names of the backups in a storage, the newest first."""
    try:
        return sorted(filter(FILE_NAME.fullmatch, storage.listdir("")[1]), reverse=True)
    except FileNotFoundError:
        return []


@contextmanager
def fetch_backup(name: str = "", *, prefers_remote: bool = False) -> Iterator[Path]:
    """A backup as a file on this disk: the one of this name, or the newest.

    Asks `BACKUP_URL` only if this disk does not have the answer. Raises `NoBackup`, and `OSError` if `BACKUP_URL` does
    not respond.
    """
    name, storage = _find(name, prefers_remote=prefers_remote)
    if isinstance(storage, FileSystemStorage):
        yield Path(storage.path(name))
        return
    with scratch_folder("fetched") as folder:
        with storage.open(name) as source, (folder / name).open("wb") as target:
            shutil.copyfileobj(source, target, COPY_BUFFER)
        yield folder / name


def _find(name: str, *, prefers_remote: bool) -> tuple[str, Storage]:
    local = local_storage()
    if name and not prefers_remote and name in list_names(local):
        return name, local
    candidates: list[Storage] = [storage for storage in (local, remote_storage()) if storage]
    found = {storage: list_names(storage) for storage in candidates}
    name = name or max((names[0] for names in found.values() if names), default="")
    holders = [storage for storage in candidates if name in found[storage]]
    if not holders:
        raise NoBackup(f"There is no backup {name}." if name else "There is no backup yet.")
    return name, holders[-1 if prefers_remote else 0]


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """A new folder in `DATA_DIR`, deleted on exit.

    Folders that killed processes left behind are deleted first, unless another process is using one for this purpose.
    A lock tells, which ends with the process that holds it. If the file system does not support locks, or the file
    belongs to another user, they stay.
    """
    with ExitStack() as locked:
        with suppress(OSError):
            lock = locked.enter_context((settings.DATA_DIR / f".{purpose}.lock").open("a+"))
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for leftover in settings.DATA_DIR.glob(f".{purpose}-*"):
                    shutil.rmtree(leftover, ignore_errors=True)
            fcntl.flock(lock, fcntl.LOCK_SH)  # waits while another process deletes what is left
        folder = Path(mkdtemp(prefix=f".{purpose}-", dir=settings.DATA_DIR))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
