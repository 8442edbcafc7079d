from collections.abc import Callable

import pytest

from chatproject.tests.server import Server
from messaging.tests.client import Person, cast_on


@pytest.fixture
def signed_up(server: Server) -> Callable[[str], Person]:
    """Signs up a new user on the shared server: `alice = signed_up("alice")`."""
    return cast_on(server)


@pytest.fixture(params=["server", pytest.param("daphne", marks=pytest.mark.plain)])
def signed_up_on_each(request: pytest.FixtureRequest) -> Callable[[str], Person]:
    """Signs up new users, on uvicorn and on daphne: the protocol is the same on both."""
    return cast_on(request.getfixturevalue(request.param))
