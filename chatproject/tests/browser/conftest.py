import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from chatproject.tests.browser.chrome import launch
from chatproject.tests.browser.lending import Lending, Lent
from chatproject.tests.browser.proxy import Network
from chatproject.tests.browser.tab import Tab
from chatproject.tests.server import Server
from messaging.tests.client import LIMITS

expect.set_options(timeout=15_000)  # a busy machine is no fault
ROOMY = dict.fromkeys(LIMITS, "1000/s")


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """One for all browsers: there cannot be two in a process."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def servers() -> Iterator[tuple[Server, Server]]:
    """Where two people go: with PostgreSQL and Redis to two processes that share them, else to the same one."""
    with Server(env=ROOMY) as first:
        if not (os.environ.get("REDIS_URL") and first.env.get("DATABASE_URL")):
            yield first, first
            return
        with Server(beside=first) as second:
            yield first, second


@pytest.fixture(scope="package")
def lending(browser: Browser) -> Iterator[Lending]:
    """Contexts of the browser for those who sit in front of it."""
    lending = Lending(browser)
    yield lending
    lending.close()


@pytest.fixture
def tab(lending: Lending) -> Iterator[Callable[..., Tab]]:
    """Opens a browser of somebody's own: `tab(server.url, "alice")`. At the end no page has complained."""
    tabs: list[Tab] = []
    lent: list[Lent] = []

    def open_tab(url: str, name: str, *, has_touch: bool = False, **more: Any) -> Tab:
        lent.append(lending.lend(has_touch=has_touch))
        tabs.append(Tab(lent[-1], url, name, **more))
        return tabs[-1]

    yield open_tab
    for one in lent:
        lending.take_back(one)
    assert not [complaint for one in tabs for complaint in one.complaints]


@pytest.fixture
def people(servers: tuple[Server, Server], tab: Callable[..., Tab]) -> Callable[..., list[Tab]]:
    """Opens a signed-up browser for each name; where there are two processes the first is on another one."""
    mark = secrets.token_hex(3)

    def sign_up(*names: str, **size: int) -> list[Tab]:
        homes = [servers[0], *[servers[1]] * (len(names) - 1)]
        return [
            tab(home.url, f"{name}{mark}", signed_up_at=servers[0], **size)
            for home, name in zip(homes, names, strict=True)
        ]

    return sign_up


@pytest.fixture
def friends(people: Callable[..., list[Tab]]) -> tuple[Tab, Tab]:
    """alice, who owns the group Friends, and bob, who is in it; both look at it."""
    alice, bob = people("alice", "bob")
    alice.open_group("Friends", bob.name)
    bob.open_first()
    return alice, bob


@pytest.fixture(scope="package")
def standing_network(servers: tuple[Server, Server]) -> Iterator[Network]:
    """One address for all: what a browser has loaded from it stays in its cache."""
    with Network(servers[0].port) as network:
        yield network


@pytest.fixture
def network(standing_network: Network) -> Iterator[Network]:
    """A network in front of the first server, which can be cut, frozen and mended."""
    yield standing_network
    standing_network.cut()
    standing_network.mend()


@pytest.fixture
def pair(servers: tuple[Server, Server], tab: Callable[..., Tab], network: Network) -> tuple[Tab, Tab]:
    """alice, who is behind `network`, and bob."""
    mark = secrets.token_hex(3)
    urls = {"alice": network.url, "bob": servers[1].url}
    alice, bob = (tab(url, f"{name}{mark}", signed_up_at=servers[0]) for name, url in urls.items())
    return alice, bob
