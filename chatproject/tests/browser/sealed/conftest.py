import secrets

import pytest

from chatproject.tests.browser.sealed.keys import enter


@pytest.fixture
def canary() -> str:
    """Words that must not be found at the server."""
    return f"the bird {secrets.token_hex(6)} sings"


@pytest.fixture
def pair(servers, tab):
    """alice and bob, signed up, and devices; where there are two processes each is on another one."""
    mark = secrets.token_hex(3)
    people = [tab(server.url, f"{name}{mark}") for server, name in zip(servers, ("alice", "bob"), strict=True)]
    for one in people:
        enter(one, lambda one=one: one.sign_up(servers[0]))
    return people
