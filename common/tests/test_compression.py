"""Long answers of the API are compressed for who can read that, and signs in by a header."""

from collections.abc import Callable

import httpx
import pytest

from messaging.tests.client import Person, cast_on

pytestmark = pytest.mark.plain
LONG, SHORT = "conversations/", "users/me/"


@pytest.fixture(scope="module")
def alice(server) -> Person:
    """In five groups."""
    alice = cast_on(server)("alice")
    for _ in range(5):
        alice.group()
    return alice


@pytest.fixture
def ask(alice: Person) -> Callable[..., httpx.Response]:
    """Her request, with these headers besides her sign-in, or in its place."""

    def ask(path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(f"{alice.server.url}/api/v1/{path}", headers={**alice.headers, **named})

    return ask


def coding(answer: httpx.Response) -> str:
    return answer.headers.get("Content-Encoding", "none")


def test_a_long_answer_is_a_fraction_as_long_and_says_the_same(ask) -> None:
    packed, plain = ask(LONG, Accept_Encoding="gzip"), ask(LONG, Accept_Encoding="identity")

    assert (coding(packed), coding(plain)) == ("gzip", "none")
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) * 4 < int(plain.headers["Content-Length"])
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip;q=1.0, *;q=0.5", "br, GZIP", "gzip;q=0.5"])
def test_it_is_compressed_for_who_can_read_that(ask, accepted: str) -> None:
    assert coding(ask(LONG, Accept_Encoding=accepted)) == "gzip"


@pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "gzip; q=0.0, br", "xgzip"])
def test_it_is_not_compressed_for_who_cannot(ask, accepted: str) -> None:
    assert coding(ask(LONG, Accept_Encoding=accepted)) == "none"


def test_what_is_short_stays_as_it_is(ask) -> None:
    assert coding(ask(SHORT, Accept_Encoding="gzip")) == "none"


def test_who_does_not_sign_in_by_a_header_learns_nothing_from_a_length(alice: Person) -> None:
    document = {"Accept": "application/json", "Accept-Encoding": "gzip"}
    answer = httpx.get(f"{alice.server.url}/api/schema/", headers=document)

    assert len(answer.content) > 100_000
    assert coding(answer) == "none"
