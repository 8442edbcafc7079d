"""Messages are found again: by their pins, and by searching everywhere or in one conversation."""

import httpx
import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import PASSWORD, STORED, Tab

pytestmark = pytest.mark.browser


def chatter(one: Tab, count: int) -> None:
    """Write many messages into the conversation that somebody has open, without their browser."""
    conversation_id = one.page.evaluate("location.hash").rsplit("/", 1)[-1]
    with httpx.Client(base_url=f"{one.url}/api/v1/") as client:
        access = client.post("auth/login/", json={"login": one.name, "password": PASSWORD}).json()["access"]
        client.headers["Authorization"] = f"Bearer {access}"
        for n in range(count):
            client.post(
                f"conversations/{conversation_id}/messages/", json={"content": f"Chatter {n}"}
            ).raise_for_status()


def test_a_pinned_message_is_found_again_by_everybody(friends) -> None:
    alice, bob = friends
    alice.say("The door code is on the fridge")
    expect(alice.message("The door code")).to_have_attribute("data-status", STORED)
    chatter(alice, 30)
    expect(bob.message("Chatter 29")).to_be_visible()
    alice.choose("The door code", "Pin")

    expect(bob.find("last-pin")).to_contain_text("The door code")
    expect(bob.message("The door code")).not_to_be_in_viewport()
    bob.find("last-pin").click()
    expect(bob.message("The door code")).to_be_in_viewport()
    bob.message("The door code").hover()
    bob.message("The door code").get_by_test_id("message-menu").click()
    expect(bob.page.get_by_role("menuitem", name="Reply", exact=True)).to_be_visible()
    expect(bob.page.get_by_role("menuitem", name="Unpin")).to_have_count(0)

    alice.find("all-pins").click()
    alice.find("unpin").click()
    expect(alice.find("pins")).to_be_hidden()
    expect(bob.find("pins")).to_be_hidden()


def test_a_message_far_above_is_found_and_shown_where_it_stands(friends) -> None:
    alice, bob = friends
    bob.say("The <b>hedgehog</b> sleeps under the shed")
    expect(alice.message("hedgehog")).to_be_visible()
    chatter(bob, 130)
    bob.reload()
    expect(bob.message("Chatter 129")).to_be_visible()
    expect(bob.message("hedgehog")).to_have_count(0)

    bob.page.keyboard.press("Control+k")
    bob.page.keyboard.type("hedgeh")
    expect(bob.find("hit")).to_have_count(1)
    expect(bob.find("hit").locator("mark")).to_have_text("hedgehog")
    bob.page.keyboard.press("ArrowDown")
    bob.page.keyboard.press("Enter")

    expect(bob.message("hedgehog")).to_be_in_viewport()
    expect(bob.message("hedgehog")).to_be_focused()
    expect(bob.message("Chatter 0").first).to_be_visible()
    assert "Chatter 129" not in bob.texts()
    alice.say("News below")
    bob.page.get_by_role("button", name="Jump to the latest message").click()
    expect(bob.message("News below")).to_be_in_viewport()
    expect(bob.message("hedgehog")).to_have_count(0)


def test_one_conversation_is_searched_for_what_stands_in_its_threads(friends) -> None:
    alice, bob = friends
    alice.say("Dinner?")
    alice.choose("Dinner?", "Reply in thread")
    alice.find("thread-composer").fill("Lasagne with spinach")
    alice.find("thread-composer").press("Enter")
    expect(bob.find("open-thread")).to_have_text("1 reply")

    bob.find("search-here").click()
    bob.find("search-here-field").fill("spinach")
    bob.find("hit").click()

    expect(bob.find("thread").get_by_test_id("message").filter(has_text="Lasagne")).to_be_focused()
