"""Files in memory, for the tests."""

import io
from typing import Any

from chatcrypt import FileSecrets, open_file, seal_file
from chatcrypt.canonical import encode
from chatcrypt.shapes import some_bytes


def sealed(plain: bytes) -> tuple[bytes, dict[str, Any]]:
    target = io.BytesIO()
    secrets = seal_file(io.BytesIO(plain), target)
    written = {name: encode(getattr(secrets, name)) for name in ("key", "nonce", "digest")}
    return target.getvalue(), {**written, "size": secrets.size}


def opened(data: bytes, fields: dict[str, Any]) -> bytes:
    sizes = {"key": 32, "nonce": 7, "digest": 32}
    secrets = FileSecrets(*(some_bytes(fields[name], size) for name, size in sizes.items()), fields["size"])
    target = io.BytesIO()
    open_file(io.BytesIO(data), target, secrets)
    return target.getvalue()
