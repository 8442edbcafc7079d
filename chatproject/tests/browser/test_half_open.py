"""A connection that has died without a word is noticed when somebody looks at the page again."""

import secrets
import time

import pytest
from playwright.sync_api import Page, expect

from chatproject.tests.browser.tab import STORED, talk

pytestmark = pytest.mark.browser
WITHIN_S = 3

SOCKETS = """
const Real = WebSocket;
window.sockets = [];
window.WebSocket = class extends Real {
  constructor(...args) { super(...args); window.sockets.push(this); }
};
"""


@pytest.mark.parametrize("event", ["focus", "online", "pageshow", "visibilitychange"])
def test_what_came_meanwhile_is_there_soon_after_somebody_looks(pair, network, event: str) -> None:
    alice, bob = pair
    talk(alice, bob)

    network.freeze()
    bob.say("while she was away")
    expect(bob.message("while she was away")).to_have_attribute("data-status", STORED)
    assert alice.message("while she was away").count() == 0
    begun_at = time.monotonic()
    look(alice.page, event)

    expect(alice.message("while she was away")).to_be_visible()
    assert time.monotonic() - begun_at < WITHIN_S + 1  # and a moment to catch up


def test_what_was_read_meanwhile_is_known_after_coming_back(pair, network) -> None:
    alice, bob = pair
    talk(alice, bob)
    bob.page.goto("about:blank")
    alice.say("read it when you are back")
    expect(alice.message("read it when")).to_have_attribute("data-status", STORED)
    network.freeze()
    bob.page.go_back()
    expect(bob.message("read it when")).to_be_in_viewport()
    bob.page.wait_for_timeout(2_000)  # nothing says that his mark was set: alice hears nothing
    look(alice.page, "focus")

    expect(alice.message("read it when")).to_have_attribute("data-status", "read")


def test_a_connection_that_answers_is_kept(servers, tab) -> None:
    alice = tab("about:blank", f"alice{secrets.token_hex(3)}")
    alice.page.add_init_script(SOCKETS)
    alice.page.goto(servers[0].url)
    alice.sign_up(servers[0])
    for _ in range(10):
        look(alice.page, "focus")
        look(alice.page, "visibilitychange")
    alice.page.wait_for_timeout(1000 * WITHIN_S)

    assert alice.page.evaluate("window.sockets.map(({readyState}) => readyState)") == [1]


def look(page: Page, event: str) -> None:
    """What the browser tells the page when somebody comes back to it."""
    page.evaluate("(name) => (name === 'visibilitychange' ? document : window).dispatchEvent(new Event(name))", event)
