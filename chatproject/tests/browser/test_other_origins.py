"""The client module on a page of another origin: of another site, and of a sibling subdomain."""

import base64
import secrets
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, Response

from chatproject.tests.browser.elsewhere import Elsewhere
from chatproject.tests.server import Server
from media.tests import files
from messaging.tests.client import GENEROUS, PASSWORD, Person, Returning, http

pytestmark = pytest.mark.browser

LIVES = {"ACCESS_TOKEN_MINUTES": "0.05"}
"""Access tokens live for three seconds."""
KINDS = {"another site": ("localhost", "127.0.0.1"), "a sibling": ("app.chat.localhost", "api.chat.localhost")}
SIGN_IN = "async (credentials) => (await chat.signIn(credentials), chat.start())"
IMAGE = """(src) => new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image.naturalWidth > 0);
    image.onerror = () => resolve(false);
    image.src = src;
})"""


class Place(NamedTuple):
    """A server, what browsers call it, a page that it allows and one that it does not."""

    server: Server
    url: str
    page: str
    foreign: str


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def place(request) -> Iterator[Place]:
    host, server_host = request.param
    server = Server(env={**GENEROUS, **LIVES, "ALLOWED_HOSTS": server_host + ",127.0.0.1", "RATE_TICKETS": "1/h"})
    url = f"http://{server_host}:{server.port}"
    with Elsewhere(host, url) as page, Elsewhere(host, url) as foreign:
        server.env["CORS_ORIGINS"] = page.origin
        with server:
            yield Place(server, url, page.origin, foreign.origin)


class Cast(NamedTuple):
    """alice, who is elsewhere with a browser, and bob, who owns the group that both are in."""

    alice: str
    bob: Person
    group: str
    page: Page

    def sign_in(self) -> None:
        self.page.evaluate(SIGN_IN, {"login": self.alice, "password": PASSWORD})
        self.page.wait_for_function("() => chat.connection === 'online'")

    def texts(self) -> list[str]:
        """What alice's page holds of the group."""
        texts = "(id) => chat.store.log(id).entries.flatMap(({ message }) => message?.content ?? [])"
        return self.page.evaluate(texts, self.group)

    def hears(self, text: str) -> None:
        has = "([id, text]) => chat.store.log(id)?.entries.some(({ message }) => message?.content === text)"
        self.page.wait_for_function(has, arg=[self.group, text])


def opened(browser: Browser, url: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(url)
    page.wait_for_function("() => window.chat")
    return page


@pytest.fixture
def cast(browser: Browser, place: Place) -> Iterator[Cast]:
    mark = secrets.token_hex(3)
    alice, bob = (Returning(place.server, name + mark) for name in ("alice", "bob"))
    page = opened(browser, place.page)
    yield Cast(alice.name, bob, bob.group(alice), page)
    page.context.close()


def until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def reload(page: Page) -> None:
    page.reload()
    page.wait_for_function("() => window.chat")


def picture(bob: Person, group: str) -> None:
    """bob sends a picture, and it is ready."""
    form = {"data": {"conversation_id": group}, "files": {"file": ("picture.png", files.two_halves())}}
    upload = bob.call("POST", "media/", **form).json()
    until(lambda: bob.get(f"media/{upload['id']}/")["status"] == "ready")
    bob.write(group, "Look", attachment_ids=[upload["id"]])


def test_they_talk_reload_and_outlive_their_tokens(cast: Cast) -> None:
    tokens: list[str] = []
    cast.page.on("request", lambda request: tokens.append(request.headers.get("authorization", "")))
    cast.sign_in()
    cast.page.evaluate("(id) => void chat.send(id, 'Hello')", cast.group)
    until(lambda: "Hello" in [one["content"] for one in cast.bob.history(cast.group)])
    cast.bob.write(cast.group, "Hello yourself")
    cast.hears("Hello yourself")

    reload(cast.page)
    assert cast.page.evaluate("is_restored") is True
    cast.hears("Hello yourself")

    first = next(token for token in tokens if token)
    me = f"{cast.bob.server.url}/api/v1/users/me/"
    until(lambda: http.get(me, headers={"Authorization": first}).status_code == 401)
    assert cast.page.evaluate("chat.api.get('users/me/').then((me) => me.username)") == cast.alice
    cast.bob.write(cast.group, "Still there?")
    cast.hears("Still there?")
    assert cast.page.context.cookies() == []


def test_two_tabs_share_a_sign_in_for_longer_than_its_tokens_live(cast: Cast) -> None:
    cast.sign_in()
    other = cast.page.context.new_page()
    other.goto(cast.page.url)
    other.wait_for_function("() => window.chat")
    assert other.evaluate("is_restored") is True

    began = time.monotonic()
    while time.monotonic() - began < 14:  # a token that is shown again is tolerated for ten seconds
        for tab in (cast.page, other):
            assert tab.evaluate("chat.api.get('users/me/').then((me) => me.username)") == cast.alice
        time.sleep(0.5)
    reload(other)
    assert other.evaluate("is_restored") is True


def test_an_image_is_shown_until_she_is_removed(cast: Cast, place: Place) -> None:
    cast.sign_in()
    picture(cast.bob, cast.group)
    cast.hears("Look")
    urls = (
        "(id) => chat.store.log(id).entries.at(-1).message.attachments.flatMap((a) => [a.content_url, a.thumbnail_url])"
    )
    urls = cast.page.evaluate(urls, cast.group)
    links = cast.page.evaluate("(urls) => Promise.all(urls.map((url) => chat.linkTo(url)))", urls)

    assert all(link.startswith(f"{place.url}/api/v1/media/") for link in links)
    assert [cast.page.evaluate(IMAGE, link) for link in links] == [True, True]
    assert cast.page.evaluate(IMAGE, f"{place.url}{urls[0]}") is False
    part = """(url) => fetch(url, { headers: { Range: "bytes=0-9" } })
        .then(({ status, headers }) => [status, headers.get("Content-Range").split("/")[0], headers.has("ETag")])"""
    assert cast.page.evaluate(part, links[0]) == [206, "bytes 0-9", True]

    cast.bob.call("DELETE", f"conversations/{cast.group}/members/{cast.page.evaluate('chat.store.me.id')}/")
    reload(cast.page)
    assert [cast.page.evaluate(IMAGE, link) for link in links] == [False, False]


def test_sealed_files_are_opened_there(browser: Browser, cast: Cast, place: Place) -> None:
    other = opened(browser, place.page)
    for page, name in ((cast.page, cast.alice), (other, cast.bob.name)):
        with page.expect_response(is_device, timeout=90_000):  # primes take their time on a busy machine
            page.evaluate(SIGN_IN, {"login": name, "password": PASSWORD})
    send = """async ([bob, picture]) => {
        const { id } = await chat.openDirect(bob, { encryption: "e2ee" });
        const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
        const photo = chat.attach(id, new File([bytes], "cat.png", { type: "image/png" }));
        chat.send(id, "Look", null, { attachments: [photo] });
        return id;
    }"""
    picture = base64.b64encode(files.two_halves(size=(80, 60))).decode()
    sealed = cast.page.evaluate(send, [cast.bob.id, picture])

    shown = """(id) => {
        const { message } = chat.store.log(id)?.entries.findLast(({ message }) => message) ?? {};
        const file = message && chat.store.reveal(message).attachments?.[0];
        return file?.status === "ready" && file.content_url;
    }"""
    url = other.wait_for_function(shown, arg=sealed, timeout=60_000).json_value()
    assert url.startswith(f"blob:{place.page}/")
    assert other.evaluate(IMAGE, url) is True
    other.context.close()


def is_device(answer: Response) -> bool:
    """Whether the server has taken the keys of a browser."""
    return answer.url.endswith("/encryption/devices/") and answer.request.method == "POST"


def test_a_refusal_says_there_when_to_come_back(cast: Cast) -> None:
    cast.sign_in()
    ask = "chat.api.post('auth/ws-ticket/').catch((error) => [error.code, error.retry_after, error.request_id])"
    cast.page.evaluate(ask)
    code, retry_after, request_id = cast.page.evaluate(ask)
    assert (code, retry_after > 60, len(request_id)) == ("rate_limited", True, 32)

    raw = """async ([url, token]) => {
        const answer = await fetch(url, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
        return [answer.status, ...["Retry-After", "X-Request-Id"].map((name) => answer.headers.get(name))];
    }"""
    bob = cast.bob.again()
    bob.call("POST", "auth/ws-ticket/")
    status, wait, about = cast.page.evaluate(raw, [f"{bob.server.url}/api/v1/auth/ws-ticket/", bob.token])
    assert (status, int(wait) > 60, len(about)) == (429, True, 32)


def test_a_page_that_is_not_allowed_gets_nothing(browser: Browser, cast: Cast, place: Place) -> None:
    page = opened(browser, place.foreign)
    refused = "(credentials) => chat.signIn(credentials).then(() => 'in', (error) => error.code)"
    assert page.evaluate(refused, {"login": cast.alice, "password": PASSWORD}) == "offline"
    assert page.evaluate("localStorage.length") == 0
    socket = """(url) => new Promise((resolve) => {
        const socket = new WebSocket(url, ["chat.v1"]);
        socket.onopen = () => resolve("open");
        socket.onerror = () => resolve("refused");
    })"""
    assert page.evaluate(socket, f"{place.url.replace('http', 'ws')}/ws/") == "refused"
    assert cast.page.evaluate(socket, f"{place.url.replace('http', 'ws')}/ws/") == "open"
    page.context.close()
