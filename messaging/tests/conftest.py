import itertools
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import Person
from messaging.tests.daphne import Daphne

SETTINGS = (Path(__file__).resolve().parents[2] / "chatproject" / "settings.py").read_text()
LIMITS = re.findall(r"^(RATE_[A-Z_]+) =", SETTINGS, re.MULTILINE)
GENEROUS = {"REQUIRE_EMAIL_VERIFICATION": "false", **dict.fromkeys(LIMITS, "100000/s")}
"""Settings under which tests may hurry. Those of limits start servers of their own."""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that many tests share; each brings its own people."""
    with Server(env=GENEROUS) as server:
        yield server


@pytest.fixture
def person(server: Server) -> Callable[[str], Person]:
    """Somebody new on the shared server: `alice = person("alice")`."""
    return cast_on(server)


def cast_on(server: Server) -> Callable[[str], Person]:
    """Makes people on a server; their names carry a number so that tests do not meet."""
    numbers = itertools.count()
    test = secrets.token_hex(4)
    return lambda name: Person(server, f"{name}-{test}{next(numbers)}")


@pytest.fixture(scope="session")
def operator(server: Server) -> Person:
    """olga, who operates the shared server."""
    return Person.operating(server, f"olga-{secrets.token_hex(4)}")


@pytest.fixture(scope="session")
def daphne() -> Iterator[Server]:
    """The same behind daphne."""
    with Daphne(env=GENEROUS) as server:
        yield server


@pytest.fixture(params=["server", "daphne"])
def door(request: pytest.FixtureRequest) -> Callable[[str], Person]:
    """Somebody new on each of the two servers that our protocol must hold on."""
    return cast_on(request.getfixturevalue(request.param))
