"""The private keys of a device in a file: a backup, with what may be known beside it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

from chatcrypt.backup import open_backup, wrap_backup
from chatcrypt.body import read_json
from chatcrypt.devices import OwnDevice
from chatcrypt.errors import CryptoError
from chatcrypt.kdf import Kdf
from chatcrypt.shapes import an_id, exactly

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_keys(path: Path, device: OwnDevice, passphrase: str, kdf: Kdf | None = None) -> None:
    """A new file that only its owner may read. Raises FileExistsError, and those of `wrap_backup`."""
    user_id = device.public.user_id
    backup = wrap_backup(user_id, [device], passphrase, kdf=kdf)
    content = {"user_id": user_id, "bundle": device.public.bundle, "backup": backup}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


def read_keys(path: Path, passphrase: str) -> tuple[OwnDevice, ...]:
    """The devices in it. Raises PermissionError when others may read it, and those of `open_backup`."""
    if path.stat().st_mode & OTHERS:
        raise PermissionError(f"{path} may be read by others: chmod 600 {path}")
    fields: Any = exactly(read_json(path.read_bytes(), "malformed"), "user_id", "bundle", "backup")
    devices = open_backup(fields["backup"], an_id(fields["user_id"]), passphrase).devices
    if not devices:
        raise CryptoError("malformed")
    return devices
