from collections.abc import Iterator

import pytest

from chatproject.tests.server import Server
from notifications.tests.fcm import fcm

__all__ = ["fcm", "running"]


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """A server that many tests share: they only look at it."""
    with Server() as server:
        yield server


@pytest.fixture
def bare() -> Iterator[Server]:
    """The same as on a new machine: it has to make its schema and its static files."""
    server = Server(bare=True)
    yield server
    server.close()


@pytest.fixture
def own() -> Iterator[Server]:
    """A server of the test's own, not started yet."""
    server = Server()
    yield server
    server.close()
