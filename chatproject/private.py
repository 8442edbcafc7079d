"""What lies in `DATA_DIR` is for this user alone, whatever the umask says and whatever an earlier version left."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

OTHERS = 0o077


def keep_private(folder: Path, *, but: Collection[Path] = (), is_entered: bool = False) -> None:
    """From now on this process makes files for this user alone; what is open in this folder already is closed, but for
    the folders named. `is_entered`: the group may go through it, to what is shared with it.

    Looks below a folder only once: when it was open itself.
    """
    os.umask(OTHERS)
    folder.mkdir(parents=True, exist_ok=True)
    if is_entered:
        with suppress(PermissionError):  # somebody else's, who has let us in
            folder.chmod(0o710)
    else:
        _close(folder)
    for path in folder.iterdir():
        if path not in but:
            _close_all(path)


def close_database(path: Path) -> None:
    """The same for SQLite's file and those beside it: they are made like it."""
    for one in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if one.exists():
            _close(one)


def _close_all(path: Path) -> None:
    if _close(path) and path.is_dir() and not path.is_symlink():
        for below in path.iterdir():
            _close_all(below)


def _close(path: Path) -> bool:
    """Whether it was open to others."""
    with suppress(FileNotFoundError, PermissionError):
        mode = path.lstat().st_mode
        if mode & OTHERS and not path.is_symlink():
            path.chmod(mode & 0o700)
            return True
    return False
