"""The same application behind daphne, Django's own server for development."""

import sys
from typing import Self

from chatproject.tests.server import Server


class Daphne(Server):
    """daphne has no lifespan and does not prepare anything: the database is made ready first."""

    def start(self, timeout: float = 60) -> Self:
        assert self.run("migrate", "--verbosity", "0").returncode == 0
        return super().start(timeout)

    def command(self, *args: str) -> list[str]:
        if args != ("serve",):
            return super().command(*args)
        return [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "chatproject.asgi:application"]
