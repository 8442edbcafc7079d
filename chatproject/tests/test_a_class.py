"""A class of 25 behind one address, on a server as it comes: all sign up, sign in and talk at once; guessing stops."""

import asyncio
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx

from chatproject.tests.server import Server
from messaging.tests.client import PASSWORD, Person, bearer

PUPILS, MESSAGES = 25, 3


class Pupil(Person):
    """Somebody who has signed up with the code from their mail, and then signed in on another device."""

    def __init__(self, server: Server, name: str) -> None:
        self.server, self.name = server, name
        email = f"{name}@example.org"
        self._auth("register/", email=email, username=name, password=PASSWORD)
        self.id = self._auth("verify/", email=email, code=server.code(email, timeout=30))["user"]["id"]
        self.token = self._auth("login/", login=name, password=PASSWORD)["access"]
        self.headers = bearer(self.token)

    def _auth(self, path: str, **body: str) -> dict:
        answer = httpx.post(f"{self.server.url}/api/v1/auth/{path}", json=body, timeout=60)
        assert answer.is_success, answer.text
        return answer.json()


async def test_25_people_behind_one_address_sign_up_and_talk_at_once() -> None:
    with Server() as server:
        mark = secrets.token_hex(3)
        names = [f"member-{mark}{n}" for n in range(PUPILS)]
        with ThreadPoolExecutor(PUPILS) as at_once:
            pupils = list(at_once.map(partial(Pupil, server), names))

        heard = await talk_in_the_lobby(pupils)

    said = Counter(f"{one.name} {n}" for one in pupils for n in range(MESSAGES))
    assert heard == [said] * PUPILS


async def talk_in_the_lobby(pupils: list[Pupil]) -> list[Counter]:
    """Each opens a socket and sends some messages; what each has heard."""
    lobby = pupils[0].get("conversations/discover/")["results"][0]["id"]
    for one in pupils:
        one.post(f"conversations/{lobby}/join/")
    sockets = [one.socket() for one in pupils]
    await asyncio.gather(*(socket.__aenter__() for socket in sockets))

    async def talk(socket) -> Counter:
        for n in range(MESSAGES):
            await socket.say(lobby, f"{socket.person.name} {n}")
        await socket.until(lambda: len(socket.of("message.created")) == PUPILS * MESSAGES, patience=60)
        return Counter(frame["data"]["message"]["content"] for frame in socket.of("message.created"))

    try:
        return await asyncio.gather(*map(talk, sockets))
    finally:
        await asyncio.gather(*(socket.__aexit__() for socket in sockets))


def test_guessing_from_one_address_is_stopped_on_the_same_server() -> None:
    with Server() as server, httpx.Client(base_url=f"{server.url}/api/v1/auth/", timeout=60) as client:

        def statuses(path: str, times: int, body) -> Counter:
            return Counter(client.post(path, json=body(n)).status_code for n in range(times))

        one_account = statuses("login/", 20, lambda n: {"login": "alice", "password": f"wrong guess {n}"})
        passwords = statuses("login/", 60, lambda n: {"login": f"member-{n}", "password": "a usual password"})
        codes = statuses("verify/", 20, lambda n: {"email": f"member-{n}@example.org", "code": "123456"})
        resets = statuses(
            "password/reset/confirm/",
            20,
            lambda n: {"email": f"member-{n}@example.org", "code": "123456", "new_password": PASSWORD},
        )
        mails = statuses("password/reset/", 5, lambda _: {"email": "alice@example.org"})

    assert one_account == {401: 10, 429: 10}
    assert passwords == {401: 50, 429: 10}, "60 guesses a minute, with those at alice's account"
    assert codes == resets == {429: 20}
    assert mails == {202: 3, 429: 2}, "asking is no guess; mails to one address are few"
