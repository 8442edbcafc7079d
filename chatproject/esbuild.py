"""Installs esbuild, which packs the page: `python chatproject/esbuild.py`, part of `make install`.

It is one file, taken from the npm registry without npm, and only if it is the one that is meant. It goes beside the
`python` that runs this. Without it everything works, and the page loads its modules one by one.
"""

import base64
import hashlib
import io
import platform
import shutil
import sys
import tarfile
import urllib.request
from pathlib import Path
from typing import IO, cast

VERSION = "0.28.2"
SHA512 = {
    "linux-x64": "4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==",
    "linux-arm64": "pW4AC0P3it8c7do9MVM4p51FzHzdM/TZrerurgRcHJ2WTa1VQ1CIq18xncfpBJw4ojkiZZrKW2yIBWBP92j6Ug==",
    "darwin-x64": "uq6suIWYP37qzGddBKPw5QEQPi6HiLGsO7UmkpfyaYNQ3D+rN6w6WfwH+nuqcGXWvawGwxOEroO4YGnFh95azw==",
    "darwin-arm64": "n4KqkOQrraxHJcgjM1RvwbigfQKIKJVpM7xp+KsxiyUSrRdIXnt73VhrPAx0fV44hgfmIVKjxMN9J1t5jySVkw==",
}
PROCESSORS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
URL = "https://registry.npmjs.org/@esbuild/{name}/-/{name}-{version}.tgz"
TIMEOUT_SECONDS = 30
HERE = Path(sys.prefix, "bin", "esbuild")


class NotInstalled(Exception):
    """Why it could not be installed, in words for whoever installs."""


def install(to: Path = HERE, *, url: str = URL) -> None:
    """Fetch it, check it and put it there. Raises `NotInstalled`, and leaves what is there."""
    machine = platform.machine().lower()
    name = f"{sys.platform}-{PROCESSORS.get(machine, machine)}"
    if name not in SHA512:
        raise NotInstalled(f"there is none for {name}")
    try:
        with urllib.request.urlopen(url.format(name=name, version=VERSION), timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            packed = answer.read()
    except OSError as error:
        raise NotInstalled(f"the npm registry did not answer: {error}") from error
    if base64.b64encode(hashlib.sha512(packed).digest()).decode() != SHA512[name]:
        raise NotInstalled("what the npm registry sent is not what was expected")
    new = to.with_suffix(".new")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive, new.open("wb") as file:
        shutil.copyfileobj(cast("IO[bytes]", archive.extractfile("package/bin/esbuild")), file)
    new.chmod(0o755)
    new.replace(to)


if __name__ == "__main__":
    try:
        install()
    except NotInstalled as reason:
        sys.exit(f"esbuild was not installed ({reason}): the page will load its modules one by one.")
