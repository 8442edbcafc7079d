"""The canaries sing: a secret in a log would be found."""

import logging

import pytest

from accounts import services, tokens
from chatproject.tests import canaries

pytestmark = pytest.mark.plain

HARMLESS = (
    "2026-11-21T08:02:11.123456Z [info] request ms=4.2 path=/api/v1/auth/login/ request_id=01a1fd0b1fdc72b9ac54eb45f88f"
)


@pytest.fixture
def recorder():
    recorder = canaries.Recorder()
    logger = logging.getLogger("canaries")
    logger.addHandler(recorder)
    logger.propagate = False
    yield recorder
    logger.removeHandler(recorder)


def test_each_secret_is_found_wherever_it_stands(alice, recorder):
    session = services.open_session(alice)
    secrets = {
        "access token": tokens.access_token(session),
        "refresh token": tokens.refresh_token(session),
        "picture token": tokens.cookie_token("chat_pictures", session),
        "password hash": alice.password,
        "a code": canaries.note("a code", "123456"),
        "a ticket": canaries.note("a ticket", services.issue_ticket(session)),
        "a password": canaries.note("a password", "something never used"),
    }
    for kind, secret in secrets.items():
        assert {leak.partition(":")[0] for leak in canaries.found_in(f"GET /ws/?ticket={secret}&x=1")} == {kind}
        logging.getLogger("canaries").error("said", exc_info=ValueError(f"not {secret}!"))
    assert {leak.partition(":")[0] for leak in recorder.found()} == secrets.keys()


def test_what_only_resembles_one_is_not():
    canaries.note("a code", "123456")

    assert canaries.found_in(HARMLESS) == set()
