"""A device that is added, of others or one's own, is told of before it reads; one without keys reads nothing."""

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.holdings import holds
from chatproject.tests.browser.sealed.keys import compare, enter
from chatproject.tests.browser.tab import STORED

pytestmark = pytest.mark.browser
SLOW_STORAGE = """
const opened = new Promise((resolve) => (window.openStorage = resolve));
const open = indexedDB.open.bind(indexedDB);
IDBFactory.prototype.open = (...given) => {
  const request = open(...given);
  const set = (take) => request.addEventListener("success", () => opened.then(take));
  return Object.defineProperty(request, "onsuccess", { set });
};
"""
"""Keeps the storage of keys shut until `openStorage()`."""


def test_a_new_device_reads_from_then_on_and_everybody_is_told(servers, pair, tab, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"before {canary}")
    expect(alice.message("before")).to_have_attribute("data-status", STORED)

    phone = tab(servers[0].url, bob.name, width=390, height=780)
    enter(phone, phone.sign_in)

    expect(alice.find("timeline")).to_contain_text(f"{bob.name} added a new device")
    expect(alice.find("sealed-notice")).to_contain_text(f"{bob.name} added a new device")
    phone.open_first()
    expect(phone.find("unopened")).to_have_text("Sealed before this device was there")
    expect(phone.find("sealed-notice")).to_contain_text("This device reads from now on")
    alice.say(f"after {canary}")
    expect(phone.message(f"after {canary}")).to_be_visible()
    alice.reload()
    expect(alice.find("sealed-notice")).to_contain_text(f"{bob.name} added a new device")
    alice.find("sealed-ok").click()
    expect(alice.find("sealed-notice")).to_be_hidden()
    alice.reload()
    expect(alice.message(f"after {canary}")).to_be_visible()
    expect(alice.find("sealed-notice")).to_be_hidden()
    assert holds(servers[0], canary) == []


def test_a_device_added_to_ones_own_account_warns_until_one_has_said_whose_it_is(servers, pair, tab, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"before {canary}")
    expect(alice.message("before")).to_have_attribute("data-status", STORED)
    compare(alice)

    phone = tab(servers[0].url, alice.name, width=390, height=780)
    enter(phone, phone.sign_in)

    expect(alice.find("sealed-notice")).to_contain_text("A new device was added to your account")
    alice.say(f"meanwhile {canary}")
    expect(alice.message("meanwhile")).to_have_attribute("data-status", "pending")
    expect(alice.message("meanwhile")).to_contain_text("Nothing is sent until you decide")
    alice.reload()
    expect(alice.message(f"meanwhile {canary}")).to_contain_text("Nothing is sent until you decide")
    expect(alice.find("sealed-notice")).to_contain_text("A new device was added to your account")
    alice.find("sealed-devices").click()
    expect(alice.find("session")).to_have_count(2)
    alice.page.keyboard.press("Escape")
    phone.open_first()
    expect(phone.message("meanwhile")).to_have_count(0)
    assert holds(servers[0], canary) == []

    alice.find("sealed-ok").click()
    expect(alice.message("meanwhile")).to_have_attribute("data-status", STORED)
    expect(alice.find("sealed-notice")).to_be_hidden()
    expect(phone.message(f"meanwhile {canary}")).to_be_visible()
    expect(phone.find("timeline")).not_to_contain_text(f"before {canary}")


def test_a_device_of_ones_own_that_is_signed_out_lets_the_message_go_without_it(servers, pair, tab, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    compare(alice)
    thief = tab(servers[0].url, alice.name)
    enter(thief, thief.sign_in)
    expect(alice.find("sealed-notice")).to_contain_text("A new device was added to your account")
    alice.say(f"secret {canary}")
    expect(alice.message("secret")).to_contain_text("Nothing is sent until you decide")

    alice.find("sealed-devices").click()
    alice.find("end-session").click()
    expect(alice.find("session")).to_have_count(1)
    alice.page.keyboard.press("Escape")

    bob.open_first()
    expect(bob.message(f"secret {canary}")).to_be_visible()
    alice.choose(f"secret {canary}", "Sealed for…")
    expect(alice.find("recipient").filter(has_text="(you)")).to_contain_text("1 device")


def test_nothing_is_sealed_for_a_new_device_of_whom_one_has_compared_before_the_answer(
    servers, pair, tab, canary
) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"before {canary}")
    bob.open_first()
    compare(alice)

    phone = tab(servers[0].url, bob.name, width=390, height=780)
    enter(phone, phone.sign_in)
    expect(alice.find("sealed-notice")).to_contain_text(f"{bob.name} added a new device")
    for text in ("one", "two"):
        alice.say(f"{text} {canary}")
        expect(alice.message(f"{text} {canary}")).to_contain_text("Nothing is sent until you decide")
    alice.find("sealed-discard").click()
    expect(alice.message(f"one {canary}")).to_have_count(0)
    alice.say(f"three {canary}")
    expect(alice.message(f"three {canary}")).to_have_attribute("data-status", "pending")
    expect(bob.message(f"before {canary}")).to_be_visible()
    expect(bob.message(f"three {canary}")).to_have_count(0)

    alice.find("sealed-ok").click()
    expect(alice.find("sealed-notice")).to_be_hidden()
    phone.open_first()
    for one in (bob, phone):
        expect(one.message(f"three {canary}")).to_be_visible()
        expect(one.message(f"one {canary}")).to_have_count(0)
    assert holds(servers[0], canary) == []


def test_a_browser_without_keys_says_so_and_offers_nothing(servers, pair, tab, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"hello {canary}")
    expect(alice.message("hello")).to_have_attribute("data-status", STORED)

    old = tab("about:blank", bob.name)
    old.page.add_init_script("Object.defineProperty(window, 'indexedDB', {value: undefined})")
    old.page.goto(servers[0].url)
    old.sign_in()
    old.find("conversation-item").first.get_by_role("link").click()

    expect(old.find("unopened")).to_have_text("This browser cannot open it")
    expect(old.find("read-only")).to_contain_text("This browser can keep no keys")
    expect(old.find("composer")).to_be_hidden()
    old.choose_here("menu-verify")
    expect(old.find("verify")).to_contain_text("This browser can keep no keys")
    old.page.keyboard.press("Escape")
    old.find("new-direct").click()
    expect(old.find("people-search")).to_be_visible()
    expect(old.find("encrypted")).to_be_hidden()


def test_a_browser_whose_keys_take_long_to_open_is_not_taken_for_one_without(servers, pair) -> None:
    alice, _ = pair
    alice.page.add_init_script(SLOW_STORAGE)
    alice.reload()
    alice.find("new-direct").click()
    expect(alice.find("people-search")).to_be_visible()
    expect(alice.find("encrypted")).to_be_hidden()
    alice.page.keyboard.press("Escape")
    alice.open_settings("security")
    expect(alice.find("backup")).to_have_text("Looking…")

    alice.page.evaluate("window.openStorage()")
    expect(alice.find("backup-form")).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.find("new-direct").click()
    expect(alice.find("encrypted")).to_be_visible()
