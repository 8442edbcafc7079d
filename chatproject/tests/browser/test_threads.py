"""A thread stands beside its conversation, on a phone in front of it."""

import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import STORED

pytestmark = pytest.mark.browser


def test_a_thread_stands_beside_the_conversation(friends) -> None:
    alice, bob = friends
    alice.say("Where do we meet?")
    bob.choose("Where do we meet?", "Reply in thread")
    bob.find("thread-composer").fill("At the station")
    bob.find("thread-composer").press("Enter")
    thread = bob.find("thread")
    expect(thread.get_by_test_id("message").filter(has_text="At the station")).to_have_attribute("data-status", STORED)

    opener = alice.message("Where do we meet?").get_by_test_id("open-thread")
    expect(opener).to_have_text("1 reply")
    expect(alice.message("At the station")).to_have_count(0)
    opener.click()
    expect(alice.find("thread").get_by_test_id("message")).to_have_count(2)
    alice.find("thread-composer").fill("At six")
    alice.find("thread-composer").press("Enter")

    expect(thread.get_by_test_id("message").filter(has_text="At six")).to_be_visible()
    expect(bob.message("Where do we meet?").get_by_test_id("open-thread")).to_have_text("2 replies")
    thread.get_by_test_id("message").filter(has_text="At six").hover()
    thread.get_by_test_id("message").filter(has_text="At six").get_by_test_id("react").click()
    bob.find("picker").get_by_role("button", name="👍").click()
    expect(alice.find("thread").get_by_test_id("reaction-👍")).to_have_text("👍1")
    bob.page.keyboard.press("Escape")
    expect(thread).to_have_count(0)


def test_what_was_read_in_a_thread_is_not_new_the_next_time(friends) -> None:
    alice, bob = friends
    alice.say("Ideas?")
    expect(bob.message("Ideas?")).to_be_visible()
    bob.choose("Ideas?", "Reply in thread")
    for text in ("One", "Two"):
        bob.find("thread-composer").fill(text)
        bob.find("thread-composer").press("Enter")
    opener = alice.find("open-thread")
    expect(opener).to_have_text("2 replies")

    opener.click()
    expect(alice.find("thread").locator(".row-new")).to_have_count(1)
    alice.find("close-thread").click()
    opener.click()
    expect(alice.find("thread").get_by_test_id("message")).to_have_count(3)
    expect(alice.find("thread").locator(".row-new")).to_have_count(0)


def test_threads_and_menus_fit_on_a_phone_and_under_a_keyboard(servers, tab) -> None:
    alice = tab(servers[0].url, f"alice{secrets.token_hex(3)}", width=360, height=640)
    alice.sign_up(servers[0])
    alice.open_group("Notes")
    alice.say("Milk, @all")
    expect(alice.message("Milk")).to_have_attribute("data-status", STORED)

    alice.message("Milk").focus()
    alice.page.keyboard.press("Enter")
    alice.find("menu-react").press("Enter")
    alice.page.keyboard.press("ArrowRight")
    alice.page.keyboard.press("Enter")
    expect(alice.message("Milk")).to_be_focused()
    expect(alice.find("reaction-❤️")).to_have_text("❤️1")
    alice.choose("Milk", "Reply in thread")
    expect(alice.find("thread-composer")).to_be_focused()
    alice.page.keyboard.type("Two litres")
    alice.page.keyboard.press("Enter")

    box = alice.find("thread").bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 360)
    assert alice.find("thread-composer").bounding_box()["height"] >= 40
    alice.page.keyboard.press("Escape")
    expect(alice.message("Milk")).to_be_focused()
    expect(alice.find("open-thread")).to_have_text("1 reply")
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= 360
