"""What must never stand in a log: looked for in everything that a whole test run logs, here and in its servers.

Tokens are known by their form, codes, tickets and passwords by their value: who meets one in a test notes it.
"""

import logging
import re
import tempfile
from collections import defaultdict

FORMS = {
    "access token": re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "refresh token": re.compile(r"\b[0-9a-f]{32}\.\d{1,9}\.[0-9a-f]{64}\b"),
    "picture token": re.compile(r"\b[0-9a-f]{32}\.[0-9a-f]{64}\b"),
    "link to a file": re.compile(r"\b[0-9a-f]{32}\.\d{10,11}\.[0-9a-f]{64}\b"),
    "password hash": re.compile(r"\bargon2\$|\bpbkdf2_sha256\$|\bmd5\$"),
}
_noted: dict[str, set[str]] = defaultdict(set)


def note(kind: str, secret: str) -> str:
    """Look for this secret in all logs from now on; returns it."""
    _noted[kind].add(secret)
    return secret


def found_in(log: str) -> set[str]:
    """Kinds of secrets that stand in a log, with the line of the first of each kind."""
    found = {}
    for line in log.splitlines():
        kinds = [kind for kind, form in FORMS.items() if form.search(line)]
        kinds += [kind for kind, secrets in _noted.items() if any(_stands_in(line, secret) for secret in secrets)]
        for kind in kinds:
            found.setdefault(kind, f"{kind}: {line[:300]}")
    return set(found.values())


def _stands_in(line: str, secret: str) -> bool:
    """By itself: six digits of an id or of a moment are no code."""
    return secret in line and re.search(rf"(?<![\w.:-]){re.escape(secret)}(?![\w.:-])", line) is not None


class Recorder(logging.Handler):
    """Keeps all that this process logs, in a file that vanishes with it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._file = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 (open as long as the process is)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record with its exception, if any."""
        self._file.write(f"{self.format(record)}\n")

    def found(self) -> set[str]:
        """Kinds of secrets that were logged until now."""
        self._file.seek(0)
        return found_in(self._file.read())
