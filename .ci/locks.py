"""Every direct dependency is in its lock, with hashes, so that nobody adds one and forgets `make lock`."""

import re
import sys
from pathlib import Path


def names(path: str) -> set[str]:
    lines = Path(path).read_text().splitlines()
    return {re.split(r"[\[<>=;]", line)[0].strip().lower() for line in lines if re.match(r"[A-Za-z]", line)}


missing = (names("requirements.in") - names("requirements.txt")) | (
    names("requirements-dev.in") - names("requirements-dev.txt")
)
if missing:
    sys.exit(f"not locked: {', '.join(sorted(missing))}; run make lock")
