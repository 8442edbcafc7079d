"""Two people sign up, find one another and chat, each in a browser of their own."""

import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import STORED

pytestmark = pytest.mark.browser


@pytest.fixture
def pair(servers, tab):
    """alice and bob, signed up; where there are two processes each is on another one."""
    mark = secrets.token_hex(3)
    people = [tab(server.url, f"{name}{mark}") for server, name in zip(servers, ("alice", "bob"), strict=True)]
    for one in people:
        one.sign_up(servers[0])
    return people


def test_they_find_one_another_and_talk_live(pair) -> None:
    alice, bob = pair
    alice.open_direct(bob.name)

    alice.say("Hello bob")
    expect(bob.find("unread-badge")).to_have_text("1")
    bob.open_first()
    expect(bob.message("Hello bob")).to_be_visible()
    bob.type("Hi")
    expect(alice.find("typing")).to_contain_text(bob.name)
    bob.find("composer").press("Enter")

    expect(alice.message("Hi")).to_be_visible()
    expect(alice.message("Hello bob")).to_have_attribute("data-status", "read")
    expect(alice.find("presence")).to_have_attribute("data-online", "true")
    expect(bob.find("unread-badge")).to_have_count(0)


def test_a_press_during_which_something_happens_still_opens_the_conversation(pair) -> None:
    alice, bob = pair
    alice.open_direct(bob.name)
    alice.say("One")
    place = bob.find("conversation-item").get_by_text("One").bounding_box()
    bob.page.mouse.move(place["x"] + 3, place["y"] + 3)
    bob.page.mouse.down()

    alice.say("Two")
    expect(alice.message("Two")).to_have_attribute("data-status", "delivered")
    bob.page.mouse.up()

    expect(bob.message("Two")).to_be_visible()


def test_a_click_is_not_lost_when_the_message_changes_under_it(pair) -> None:
    alice, bob = pair
    alice.open_direct(bob.name)
    alice.say("Look")
    bob.open_first()
    expect(alice.message("Look")).to_have_attribute("data-status", "read")
    alice.message("Look").hover()
    alice.message("Look").get_by_test_id("message-menu").hover()
    alice.page.mouse.down()
    bob.message("Look").hover()
    bob.message("Look").get_by_test_id("react").click()
    bob.find("picker").get_by_role("button", name="🎉").click()
    expect(bob.find("reaction-🎉")).to_be_visible()
    alice.page.wait_for_timeout(1000)  # until she has heard of it
    alice.page.mouse.up()
    expect(alice.page.get_by_role("menuitem", name="Edit", exact=True)).to_be_visible()
    expect(alice.find("reaction-🎉")).to_be_visible()


def test_edits_and_deletions_arrive_live(pair) -> None:
    alice, bob = pair
    alice.open_direct(bob.name)
    alice.say("Helo")
    bob.open_first()
    expect(bob.message("Helo")).to_be_visible()

    alice.choose("Helo", "Edit")
    alice.say("Hello")
    expect(bob.message("Hello")).to_contain_text("edited")
    alice.choose("Hello", "Delete")
    alice.find("confirm").click()

    expect(bob.message("Message deleted")).to_be_visible()
    expect(alice.message("Message deleted")).to_be_visible()
    expect(bob.message("Hello")).to_have_count(0)


def test_a_group_and_the_lobby_are_heard_by_everybody_in_them(pair) -> None:
    alice, bob = pair
    alice.find("new-group").click()
    alice.find("group-name").fill("Friends")
    alice.find("people-search").fill(bob.name)
    alice.find("person-result").first.click()
    alice.find("submit").click()
    alice.say("Welcome")

    bob.open_first()
    expect(bob.message("Welcome")).to_be_visible()
    for one in pair:
        one.find("channels").click()
        one.find("channel-result").filter(has_text="Lobby").click()
        expect(one.page.get_by_role("heading", name="Lobby")).to_be_visible()
    bob.say(f"{bob.name} was here")

    expect(alice.message(f"{bob.name} was here")).to_be_visible()


def test_a_browser_comes_back_signed_in_and_signs_out(pair) -> None:
    alice, bob = pair
    alice.open_direct(bob.name)
    alice.say("Still here")
    expect(alice.message("Still here")).to_have_attribute("data-status", STORED)

    alice.reload()
    expect(alice.message("Still here")).to_be_visible()
    alice.sign_out()
    alice.reload()

    expect(alice.find("signin-form")).to_be_visible()
    alice.sign_in()
    expect(alice.find("conversation-item").first).to_contain_text(bob.name)


def test_everything_works_on_a_phone(servers, tab) -> None:
    mark = secrets.token_hex(3)
    alice = tab(servers[0].url, f"alice{mark}", width=360, height=640)
    bob = tab(servers[1].url, f"bob{mark}")
    for one in (alice, bob):
        one.sign_up(servers[0])

    alice.open_direct(bob.name)
    expect(alice.find("conversation-list")).not_to_be_in_viewport()
    alice.say("From my phone")
    bob.open_first()
    bob.say("Nice")
    expect(alice.message("Nice")).to_be_visible()
    alice.find("back").click()

    expect(alice.find("conversation-list")).to_be_in_viewport()
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_everything_works_with_the_keyboard(pair) -> None:
    alice, bob = pair
    alice.find("new-direct").focus()
    alice.page.keyboard.press("Enter")
    alice.page.keyboard.type(bob.name)
    expect(alice.find("person-result")).to_have_count(1)
    alice.page.keyboard.press("Tab")
    alice.page.keyboard.press("Enter")
    expect(alice.find("composer")).to_be_focused()

    alice.page.keyboard.type("No mouse")
    alice.page.keyboard.press("Enter")
    expect(alice.message("No mouse")).to_have_attribute("data-status", STORED)
    alice.page.keyboard.press("ArrowUp")
    expect(alice.find("composer")).to_have_value("No mouse")
    alice.page.keyboard.type(" needed")
    alice.page.keyboard.press("Enter")

    bob.open_first()
    expect(bob.message("No mouse needed")).to_contain_text("edited")
