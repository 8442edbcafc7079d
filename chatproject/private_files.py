"""Files in `DATA_DIR` are private to this user, whatever the umask, and whatever an earlier version created."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from environs import EnvError

GROUP_AND_OTHERS = 0o077


def restrict_data_dir(folder: Path, *, shared: Collection[Path] = (), is_group_allowed: bool = False) -> None:
    """Create new files for this user only from now on, and restrict what exists in `folder`, except `shared`.

    `is_group_allowed`: the group may enter the folder, to reach what is shared. Looks below a subfolder only if the
    subfolder itself was open. Raises `EnvError`.
    """
    os.umask(GROUP_AND_OTHERS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if is_group_allowed:
            with suppress(PermissionError):  # the folder belongs to another user, who has given us access
                folder.chmod(0o710)
        else:
            _restrict(folder)
        for path in folder.iterdir():
            if path not in shared:
                _restrict_tree(path)
    except OSError as error:
        raise EnvError(f"DATA_DIR={folder} cannot be written to: {error.strerror}.") from None


def create_private_folder(folder: Path) -> None:
    """Create a folder in `DATA_DIR`. Raises `EnvError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EnvError(f"DATA_DIR={folder.parent} cannot be written to: {error.strerror}.") from None


def restrict_database(path: Path) -> None:
    """Restrict SQLite's file and those beside it, which SQLite creates with the same mode."""
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if file.exists():
            _restrict(file)


def _restrict_tree(path: Path) -> None:
    if _restrict(path) and path.is_dir() and not path.is_symlink():
        for child in path.iterdir():
            _restrict_tree(child)


def _restrict(path: Path) -> bool:
    """Make a file or folder private. False if it already was."""
    with suppress(FileNotFoundError, PermissionError):
        mode = path.lstat().st_mode
        if mode & GROUP_AND_OTHERS and not path.is_symlink():
            path.chmod(mode & 0o700)
            return True
    return False
