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
from chatproject.models import Backup, Process

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
    does not answer, which is asked where the disk alone cannot tell."""
    name, holder = _find(name, prefers_far=prefers_far)
    if isinstance(holder, FileSystemStorage):
        yield Path(holder.path(name))
        return
    with scratch("fetched") as folder:
        with holder.open(name) as source, (folder / name).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        yield folder / name


def _find(name: str, *, prefers_far: bool) -> tuple[str, Storage]:
    here = near()
    if name and not prefers_far and name in names_at(here):
        return name, here
    places: list[Storage] = [place for place in (here, far()) if place]
    found = {place: names_at(place) for place in places}
    name = name or max((names[0] for names in found.values() if names), default="")
    holders = [place for place in places if name in found[place]]
    if not holders:
        raise NoBackup(f"There is no backup {name}." if name else "There is no backup yet.")
    return name, holders[-1 if prefers_far else 0]


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


def note_gone() -> None:
    """A backup on this disk alone whose file is gone, by whatever hand, is none; one that is back is there again. What
    lies at `BACKUP_URL` is looked at when it is copied there; of workers on several machines each sees its disk alone.
    """
    if far() or Process.objects.filter(is_worker=True).values("name").distinct().count() > 1:
        return
    rows = dict(Backup.objects.filter(status=Backup.Status.DONE).values_list("name", "deleted_at"))
    here = set(names_at(near()))  # asked after the rows: a file is there before its row says so
    for name, deleted_at in rows.items():
        if (name in here) == bool(deleted_at):
            Backup.objects.filter(name=name).update(deleted_at=None if deleted_at else now())
            log.warning("backup_is_back" if deleted_at else "backup_gone", name=name)


def copy_missing() -> None:
    """Copy to `BACKUP_URL` what lies here and not there, the newest first. Raises `OSError` when it does not answer."""
    place = far()
    if place is None:
        return
    there, here = set(names_at(place)), names_at(near())
    surplus = _surplus(here)
    for name in here:
        if name not in there and name not in surplus:
            _copy(name, place)
            there.add(name)
            log.info("backup_copied", name=name)
        if name in there:
            Backup.objects.filter(name=name, copied_at=None).update(copied_at=now())


def _copy(name: str, place: Storage) -> None:
    """It gets its name when it is whole. A bucket shows nothing before."""
    with near().open(name) as file:
        if not isinstance(place, FileSystemStorage):
            if (saved := place.save(name, File(file))) != name:  # somebody else was faster
                place.delete(saved)
            return
        part = Path(place.path(f".{name}.part"))
        part.unlink(missing_ok=True)
        place.save(part.name, File(file))
    with part.open("rb") as copied:
        os.fsync(copied.fileno())
    part.rename(place.path(name))


def prune() -> None:
    """Delete what is more than `BACKUP_KEEP` or older than `BACKUP_KEEP_DAYS`, in both places: never the newest, nor
    the newest that was proved; in either place whatever becomes of the other. Raises `OSError` when one does not
    answer."""
    left: set[str] = set()
    failed: OSError | None = None
    for place in filter(None, (near(), far())):
        try:
            left.update(_pruned(place))
        except OSError as error:
            failed = error
    if failed:
        raise failed
    Backup.objects.there().exclude(name__in=left).update(deleted_at=now())


def _pruned(place: Storage) -> list[str]:
    """What is left there."""
    names = names_at(place)
    surplus = _surplus(names)
    for name in surplus:
        place.delete(name)
        log.info("backup_deleted", name=name)
    return [name for name in names if name not in surplus]


def _surplus(names: list[str]) -> set[str]:
    """Those that are too many or too old, of the backups in one place, the newest first."""
    oldest = now() - timedelta(days=settings.BACKUP_KEEP_DAYS or 36_500)
    surplus = {name for name in names if id_and_time(name)[1] < oldest}
    if settings.BACKUP_KEEP:
        surplus.update(names[settings.BACKUP_KEEP :])
    proved = Backup.objects.filter(proved_at__isnull=False, name__in=names).order_by("-created_at").first()
    return surplus.difference(names[:1], [proved.name] if proved else [])


def delete_leftovers() -> None:
    """Delete what killed processes left of backups that they were making. None takes a day."""
    yesterday = now().timestamp() - 86_400
    for path in settings.BACKUP_FOLDER.glob(".*.part"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < yesterday:
                path.unlink()
