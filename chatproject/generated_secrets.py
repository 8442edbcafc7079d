"""What this installation makes once and keeps in `DATA_DIR`, like its keys."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from environs import EnvError


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text in this file; `make` writes it where there is none. Only this user may read it.

    Of several processes that start at once, one makes it and all return the same. Raises `EnvError` with a sentence.
    """
    try:
        with suppress(FileNotFoundError):
            return path.read_text().strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as file:  # made with 0600
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
            # The first one's becomes the file, whole or not at all; a rename would replace what others have read.
            with suppress(FileExistsError):
                os.link(file.name, path)
        return path.read_text().strip()
    except OSError as error:
        raise EnvError(f"DATA_DIR={path.parent} cannot be written to: {error.strerror}.") from None
