from collections.abc import Callable, Iterator

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, cast_on


@pytest.fixture(scope="package")
def racing() -> Iterator[Server]:
    """A server with as many database threads as a real one."""
    with Server(env={**GENEROUS, "DATABASE_THREADS": "8"}) as server:
        yield server


@pytest.fixture
def signed_up(racing: Server) -> Callable[[str], Person]:
    return cast_on(racing)
