import os
import secrets
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from chatproject.tests.browser.proxy import Network
from chatproject.tests.browser.tab import Tab
from chatproject.tests.server import Server
from messaging.tests.conftest import LIMITS

expect.set_options(timeout=15_000)  # a busy machine is no fault
ROOMY = dict.fromkeys(LIMITS, "1000/s")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    """Where two people go: with PostgreSQL and Redis to two processes that share them, else to the same one."""
    with Server(env=ROOMY) as first:
        if not (os.environ.get("REDIS_URL") and first.env.get("DATABASE_URL")):
            yield first, first
            return
        with Server(beside=first) as second:
            yield first, second


@pytest.fixture
def tab(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Opens a browser of somebody's own: `tab(server.url, "alice")`. At the end no page has complained."""
    tabs: list[Tab] = []

    def open_tab(url: str, name: str, **size: int) -> Tab:
        tabs.append(Tab(browser, url, name, **size))
        return tabs[-1]

    yield open_tab
    for one in tabs:
        one.context.close()
    assert not [complaint for one in tabs for complaint in one.complaints]


@pytest.fixture
def people(servers: tuple[Server, Server], tab: Callable[..., Tab]) -> Callable[..., list[Tab]]:
    """Opens a signed-up browser for each name; where there are two processes the first is on another one."""
    mark = secrets.token_hex(3)

    def sign_up(*names: str, **size: int) -> list[Tab]:
        homes = [servers[0], *[servers[1]] * (len(names) - 1)]
        found = [tab(home.url, f"{name}{mark}", **size) for home, name in zip(homes, names, strict=True)]
        for one in found:
            one.sign_up(servers[0])
        return found

    return sign_up


@pytest.fixture
def friends(people: Callable[..., list[Tab]]) -> tuple[Tab, Tab]:
    """alice, who owns the group Friends, and bob, who is in it; both look at it."""
    alice, bob = people("alice", "bob")
    alice.open_group("Friends", bob.name)
    bob.open_first()
    return alice, bob


@pytest.fixture
def network(servers: tuple[Server, Server]) -> Iterator[Network]:
    """A network in front of the first server, which can be cut, frozen and mended."""
    with Network(servers[0].port) as network:
        yield network


@pytest.fixture
def pair(servers: tuple[Server, Server], tab: Callable[..., Tab], network: Network) -> tuple[Tab, Tab]:
    """alice, who is behind `network`, and bob."""
    mark = secrets.token_hex(3)
    alice, bob = tab(network.url, f"alice{mark}"), tab(servers[1].url, f"bob{mark}")
    for one in (alice, bob):
        one.sign_up(servers[0])
    return alice, bob
