"""A browser that keeps nothing for the page, or has no room: people are told, and everything else works."""

import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import STORED, Tab

pytestmark = pytest.mark.browser

NOTHING_AT_ALL = """
for (const name of ["localStorage", "sessionStorage", "indexedDB"])
  Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
"""
NO_DATABASE = """
IDBFactory.prototype.open = () => { throw new DOMException("denied", "SecurityError"); };
"""
NO_ROOM = """
const { put } = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (...args) {
  if (window.isFull && this.name === "rows") throw new DOMException("full", "QuotaExceededError");
  const request = put.apply(this, args);
  if (window.isFull) this.transaction.abort();
  return request;
};
"""
NO_ANSWER = """
IDBFactory.prototype.open = () => ({});
"""


@pytest.mark.parametrize("refusal", [NOTHING_AT_ALL, NO_DATABASE, NO_ANSWER], ids=["all", "database", "silent"])
def test_where_nothing_is_kept_messages_go_out_and_people_are_told(servers, people, tab, refusal: str) -> None:
    alice, bob = people("alice", "bob")
    closed = tab("about:blank", alice.name)
    closed.page.add_init_script(refusal)
    closed.page.goto(servers[0].url)
    closed.sign_in()

    expect(closed.find("storage-notice")).to_contain_text("keeps nothing for this page")
    closed.open_direct(bob.name)
    closed.say("it goes out")
    bob.open_first()
    expect(bob.message("it goes out")).to_be_visible(timeout=40_000)
    expect(closed.message("it goes out")).to_have_attribute("data-status", STORED)
    closed.find("composer").fill("half of it")
    closed.open_group("Elsewhere", bob.name)
    closed.find("conversation-item").filter(has_text=bob.name).get_by_role("link").click()
    expect(closed.find("composer")).to_have_value("half of it")


def test_where_there_is_no_room_messages_go_out_and_people_are_told(people) -> None:
    alice, bob = people("alice", "bob")
    alice.page.add_init_script(NO_ROOM)
    alice.reload()
    alice.open_direct(bob.name)
    fill_up(alice)
    alice.say("no room for it here")

    bob.open_first()
    expect(bob.message("no room for it here")).to_be_visible()
    expect(alice.message("no room for it here")).to_have_attribute("data-status", STORED)
    expect(alice.find("storage-notice")).to_contain_text("no more room")
    make_room(alice)
    alice.say("there is room again")
    expect(alice.find("storage-notice")).to_be_hidden()


def test_where_there_is_no_room_encrypted_messages_are_read_and_go_out(people) -> None:
    alice, bob = people("alice", "bob")
    canary = f"canary{secrets.token_hex(6)}"
    alice.page.add_init_script(NO_ROOM)
    alice.reload()
    alice.open_direct(bob.name, encrypted=True)
    alice.say("before")
    bob.open_first()
    expect(bob.message("before")).to_be_visible()
    fill_up(alice)
    bob.say(f"to be opened {canary}")

    expect(alice.message(f"to be opened {canary}")).to_be_visible()
    alice.say(f"to be sealed {canary}")
    expect(bob.message(f"to be sealed {canary}")).to_be_visible()
    expect(alice.find("storage-notice")).to_contain_text("no more room")


def fill_up(one: Tab) -> None:
    """From now on the browser has no room for the page."""
    one.page.evaluate("window.isFull = true")


def make_room(one: Tab) -> None:
    one.page.evaluate("window.isFull = false")
