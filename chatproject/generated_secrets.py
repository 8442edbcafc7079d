"""Secrets that this installation generates once and stores in `DATA_DIR`."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from environs import EnvError


def load_or_generate(path: Path, generate: Callable[[], str]) -> str:
    """The secret in this file. If there is none yet, `generate` it and store it so that only this user can read it.

    If several processes start at once, one of them generates it and all return the same. Raises `EnvError`.
    """
    try:
        with suppress(FileNotFoundError):
            return path.read_text().strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as file:  # created with mode 0600
            file.write(generate())
            file.flush()
            os.fsync(file.fileno())
            # The first process wins, with a complete file. A rename would replace what others have already read.
            with suppress(FileExistsError):
                os.link(file.name, path)
        return path.read_text().strip()
    except OSError as error:
        raise EnvError(f"DATA_DIR={path.parent} cannot be written to: {error.strerror}.") from None
