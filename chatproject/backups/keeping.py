"""Where backups lie: in `DATA_DIR/backups`, and at `BACKUP_URL`; and how long."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from chatproject.common.clock import now
from chatproject.models import Backup

log = structlog.get_logger(__name__)

NAME = re.compile(r"chat-([0-9]{8}T[0-9]{6}Z)-([0-9a-f]{32})\.backup")


class NoBackup(Exception):
    """There is no such backup. The message is a sentence."""


def name_of(backup: Backup) -> str:
    """What its file is called. Names sort by time."""
    return f"chat-{backup.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{backup.id.hex}.backup"


def id_and_time(name: str) -> tuple[UUID, datetime]:
    """Which backup a file is, and from when."""
    match = NAME.fullmatch(name)
    if match is None:
        raise NoBackup(f"{name} is not called as backups are.")
    return UUID(match[2]), datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def near() -> FileSystemStorage:
    """The backups on this disk."""
    return FileSystemStorage(settings.BACKUP_FOLDER, file_permissions_mode=0o600, directory_permissions_mode=0o700)


def far() -> Storage | None:
    """Those at `BACKUP_URL`, if that is set."""
    return storages["backups"] if settings.BACKUP_URL else None


def names_at(place: Storage) -> list[str]:
    """The backups there, the newest first."""
    try:
        return sorted(filter(NAME.fullmatch, place.listdir("")[1]), reverse=True)
    except FileNotFoundError:
        return []


@contextmanager
def fetched(name: str = "", *, prefers_far: bool = False) -> Iterator[Path]:
    """A backup as a file on this disk: of this name, or the newest. Raises `NoBackup`, and `OSError` when `BACKUP_URL`
    does not answer."""
    places: list[Storage] = [place for place in (near(), far()) if place]
    found = {place: names_at(place) for place in places}
    name = name or max((names[0] for names in found.values() if names), default="")
    holders = [place for place in places if name in found[place]]
    if not holders:
        raise NoBackup(f"There is no backup {name}." if name else "There is no backup yet.")
    holder = holders[-1 if prefers_far else 0]
    if isinstance(holder, FileSystemStorage):
        yield Path(holder.path(name))
        return
    with scratch("fetched") as folder:
        with holder.open(name) as source, (folder / name).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        yield folder / name


@contextmanager
def scratch(purpose: str, *, is_alone: bool = False) -> Iterator[Path]:
    """A new folder in `DATA_DIR`, which is deleted afterwards. Those that killed processes left go first: all others
    where nobody else may be at it, else those in which nobody has worked for a day."""
    newest = now().timestamp() - (0 if is_alone else 86_400)
    for leftover in settings.DATA_DIR.glob(f".{purpose}-*"):
        with suppress(FileNotFoundError):
            if leftover.stat().st_mtime < newest:
                shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(mkdtemp(prefix=f".{purpose}-", dir=settings.DATA_DIR))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy_missing() -> None:
    """Copy to `BACKUP_URL` what lies here and not there, the newest first. Raises `OSError` when it does not answer."""
    place = far()
    if place is None:
        return
    there, here = set(names_at(place)), names_at(near())
    for name in here:
        if name not in there and not _is_surplus(name, here):
            _copy(name, place)
            Backup.objects.filter(name=name).update(copied_at=now())
            log.info("backup_copied", name=name)


def _copy(name: str, place: Storage) -> None:
    """It gets its name when it is whole. A bucket shows nothing before."""
    with near().open(name) as file:
        if not isinstance(place, FileSystemStorage):
            place.save(name, File(file))
            return
        part = Path(place.path(f".{name}.part"))
        part.unlink(missing_ok=True)
        place.save(part.name, File(file))
    with part.open("rb") as copied:
        os.fsync(copied.fileno())
    part.rename(place.path(name))


def prune() -> None:
    """Delete what is more than `BACKUP_KEEP` or older than `BACKUP_KEEP_DAYS`, in both places: never the newest, nor
    the newest that was proved."""
    left: set[str] = set()
    for place in filter(None, (near(), far())):
        names = names_at(place)
        for name in names:
            if _is_surplus(name, names):
                place.delete(name)
                log.info("backup_deleted", name=name)
            else:
                left.add(name)
    Backup.objects.filter(status=Backup.Status.DONE, deleted_at=None).exclude(name__in=left).update(deleted_at=now())


def _is_surplus(name: str, names: list[str]) -> bool:
    proved = Backup.objects.filter(proved_at__isnull=False, name__in=names).order_by("-created_at").first()
    if name == names[0] or (proved and name == proved.name):
        return False
    is_old = now() - id_and_time(name)[1] > timedelta(days=settings.BACKUP_KEEP_DAYS or 36_500)
    return is_old or bool(settings.BACKUP_KEEP and names.index(name) >= settings.BACKUP_KEEP)


def delete_leftovers() -> None:
    """Delete what killed processes left of backups that they were making. None takes a day."""
    yesterday = now().timestamp() - 86_400
    for path in settings.BACKUP_FOLDER.glob(".*.part"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < yesterday:
                path.unlink()
