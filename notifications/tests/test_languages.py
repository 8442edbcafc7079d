"""Notices are in the language of their reader."""

import asyncio
import secrets
from collections.abc import Callable

import httpx
import pytest

from chatproject.tests.server import Server
from messaging.tests.client import PASSWORD, Person, Socket, bearer, cast_on, http

pytestmark = pytest.mark.plain

ADDED = {
    "en": "You were added to a conversation",
    "de": "Du wurdest zu einer Unterhaltung hinzugefügt",
    "es": "Te han añadido a una conversación",
    "fr": "Tu fais maintenant partie d’une conversation",
}


@pytest.fixture
def person(server: Server) -> Callable[[str], Person]:
    """Somebody new on a server that these tests share."""
    return cast_on(server)


def asking(one: Person, accept_language: str, method: str = "GET", path: str = "notifications/") -> httpx.Response:
    """A request of theirs for this language."""
    url = f"{one.server.url}/api/v1/{path}"
    return http.request(method, url, headers=one.headers | {"Accept-Language": accept_language})


def body(answer: httpx.Response) -> str:
    return answer.json()["results"][0]["body"]


def sign_in(one: Person, accept_language: str) -> None:
    headers = {"Accept-Language": accept_language}
    login = {"login": one.name, "password": PASSWORD}
    answer = http.post(f"{one.server.url}/api/v1/auth/login/", json=login, headers=headers)
    assert answer.status_code == 200, answer.text


def newcomer(server: Server, accept_language: str) -> Person:
    """Somebody who signs up with a browser of this language, and asks for none in what follows."""
    one = Person.__new__(Person)
    one.server, one.name = server, f"newcomer-{secrets.token_hex(4)}"
    new = {"email": f"{one.name}@example.org", "username": one.name, "password": PASSWORD}
    headers = {"Accept-Language": accept_language}
    made = http.post(f"{server.url}/api/v1/auth/register/", json=new, headers=headers).json()
    one.id, one.headers = made["user"]["id"], bearer(made["access"])
    one.token = made["access"]
    return one


async def added(socket: Socket) -> str:
    """What the socket's next notice says."""
    frame = await socket.expect("notification.created")
    return frame["data"]["notification"]["body"]


def test_an_answer_is_in_the_language_that_its_request_asks_for(person) -> None:
    alice, bob = person("alice"), person("bob")
    alice.group(bob)
    wanted = {
        "de": "de",
        "de-AT,en;q=0.5": "de",
        "ja, en;q=0.1, fr;q=0.8": "fr",
        "ES": "es",
        "en-US,de;q=0.9": "en",
        "ja": "en",
        "*": "en",
        "de;q=0": "en",
        "": "en",
        ";;q=,, -": "en",
        "de" * 1000: "en",
        "../../../etc/passwd": "en",
    }

    answers = {asked: asking(bob, asked) for asked in wanted}

    assert {asked: body(answer) for asked, answer in answers.items()} == {a: ADDED[code] for a, code in wanted.items()}
    assert {asked: answer.headers["Content-Language"] for asked, answer in answers.items()} == wanted
    assert all("Accept-Language" in answer.headers["Vary"] for answer in answers.values())
    read = asking(bob, "fr", "POST", f"notifications/{answers['de'].json()['results'][0]['id']}/read/")
    assert (read.json()["body"], read.headers["Content-Language"]) == (ADDED["fr"], "fr")
    assert asking(bob, "de", path="notifications/mentions/").headers["Content-Language"] == "de"


def test_what_somebody_has_chosen_comes_first(person) -> None:
    alice, bob = person("alice"), person("bob")
    alice.group(bob)

    def chosen(language: str | None) -> str:
        changed = bob.call("PATCH", "notifications/preferences/", json={"language": language})
        assert changed.json()["language"] == language
        return body(asking(bob, "de"))

    assert chosen("fr") == ADDED["fr"]
    assert chosen("es-MX") == ADDED["es"]
    assert chosen("pt-BR") == ADDED["en"], "a language that there is not is English, whatever else is asked for"
    assert chosen(None) == ADDED["de"]


async def test_each_hears_it_in_their_own_language(person, server) -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    newcomers = await asyncio.to_thread(newcomer, server, "es-ES,es;q=0.9,en;q=0.8")
    await asyncio.to_thread(bob.call, "PATCH", "notifications/preferences/", json={"language": "de"})
    async with bob.socket() as his, carol.socket() as hers, newcomers.socket() as theirs:
        await asyncio.to_thread(alice.group, bob, carol, newcomers)

        heard = [await added(his), await added(hers), await added(theirs)]

    assert heard == [ADDED["de"], ADDED["en"], ADDED["es"]]


def test_the_last_sign_in_says_it_where_no_request_does(person) -> None:
    alice, bob = person("alice"), person("bob")
    alice.group(bob)
    assert body(asking(bob, "")) == ADDED["en"]

    def after(accept_language: str) -> str:
        sign_in(bob, accept_language)
        return next(row["body"] for row in asking(bob, "").json()["results"] if row["kind"] == "added")

    assert after("fr-CA,fr;q=0.9") == ADDED["fr"]
    assert after("ja") == ADDED["fr"], "what there is not says nothing"
    assert after("de") == ADDED["de"]
    assert body(asking(bob, "es")).startswith("Nuevo inicio"), "what a request asks for is newer"
    assert bob.get("notifications/preferences/")["language"] is None, "nothing was chosen"


async def test_a_sign_in_notice_is_in_the_language_of_the_previous_sign_in(server) -> None:
    alice = await asyncio.to_thread(newcomer, server, "fr")
    async with alice.socket() as hers:
        await asyncio.to_thread(sign_in, alice, "de")

        assert await added(hers) == "Nouvelle connexion à ton compte"
