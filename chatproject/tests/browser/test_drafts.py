"""What somebody is writing outlives a reload, each in its place, and is nobody else's."""

import secrets

import pytest
from playwright.sync_api import Page, expect

from chatproject.tests.browser.keeping import kept
from chatproject.tests.browser.tab import STORED

pytestmark = pytest.mark.browser

CLEAR_AND_HANG = """
(composer) => {
  composer.value = "";
  composer.dispatchEvent(new Event("input", { bubbles: true }));
  setTimeout(() => { for (const end = Date.now() + 5000; Date.now() < end;); });
}
"""
"""Nothing that the browser answers arrives at the page any more."""


@pytest.fixture
def canary() -> str:
    return f"canary{secrets.token_hex(6)}"


def test_a_draft_a_reply_and_an_edit_outlive_a_reload(friends, canary) -> None:
    alice, bob = friends
    bob.say("a question")
    alice.say("an anser")
    expect(alice.message("an anser")).to_have_attribute("data-status", STORED)

    alice.choose("a question", "Reply")
    alice.type(f"half of it {canary}")
    alice.reload()
    expect(alice.find("composer")).to_have_value(f"half of it {canary}")
    expect(alice.page.locator(".aim")).to_contain_text("a question")
    alice.find("composer").press("Enter")
    expect(bob.message(canary).locator(".quote")).to_contain_text("a question")

    alice.choose("an anser", "Edit")
    alice.find("composer").fill("an answer")
    alice.reload()
    expect(alice.find("composer")).to_have_value("an answer")
    alice.find("composer").press("Enter")
    expect(bob.message("an answer")).to_be_visible()
    expect(alice.find("composer")).to_have_value("")
    alice.reload()
    expect(alice.message("an answer")).to_be_visible()
    expect(alice.find("composer")).to_have_value("")


def test_what_was_cleared_in_the_moment_of_closing_does_not_come_back(friends) -> None:
    alice, _ = friends
    alice.find("composer").fill("on second thoughts")
    alice.reload()
    expect(alice.find("composer")).to_have_value("on second thoughts")
    alice.find("composer").evaluate(CLEAR_AND_HANG)
    url = alice.page.url
    alice.page.close()
    again = alice.context.new_page()
    again.goto(url)
    expect(again.get_by_test_id("composer")).to_be_visible()
    again.wait_for_timeout(500)  # nothing says that there is no draft

    expect(again.get_by_test_id("composer")).to_have_value("")


def test_each_thread_has_a_draft_of_its_own(friends, canary) -> None:
    alice, _ = friends
    alice.say("the beginning")
    alice.choose("the beginning", "Reply in thread")
    alice.find("thread-composer").fill(f"in the thread {canary}")
    alice.find("close-thread").click()
    alice.find("composer").fill(f"beside it {canary}")
    alice.reload()

    expect(alice.find("composer")).to_have_value(f"beside it {canary}")
    alice.choose("the beginning", "Reply in thread")
    expect(alice.find("thread-composer")).to_have_value(f"in the thread {canary}")


def test_a_draft_of_an_encrypted_conversation_outlives_a_reload_and_is_not_to_be_read_on_the_disk(
    people, canary
) -> None:
    alice, bob = people("alice", "bob")
    alice.open_direct(bob.name, encrypted=True)
    alice.find("composer").fill(f"a secret {canary}")
    alice.page.wait_for_timeout(500)  # nothing says that it was written down

    assert canary not in kept(alice.page)
    alice.reload()
    expect(alice.find("composer")).to_have_value(f"a secret {canary}")


def test_who_signs_in_after_somebody_else_finds_nothing_of_theirs(people, canary) -> None:
    alice, bob = people("alice", "bob")
    alice.open_group(f"Group {canary}", bob.name)
    alice.say(f"said {canary}")
    alice.choose(f"said {canary}", "Reply in thread")
    alice.find("thread-composer").fill(f"a thread {canary}")
    alice.find("close-thread").click()
    alice.find("search").fill(f"wanted {canary}")
    expect(alice.find("hits")).to_be_attached()
    alice.find("search").fill("")
    alice.find("composer").fill(f"a draft {canary}")
    expect(alice.message(f"said {canary}")).to_have_attribute("data-status", STORED)
    alice.sign_out()
    seen_signed_out = found_in(alice.page)
    alice.name, name = bob.name, alice.name
    alice.sign_in()
    shared = alice.find("conversation-item").filter(has_text=canary)
    expect(shared).to_have_count(1)
    shared.get_by_role("link").click()
    expect(alice.message(f"said {canary}")).to_be_visible()

    assert canary not in seen_signed_out
    assert name not in seen_signed_out
    expect(alice.find("composer")).to_have_value("")
    alice.choose(f"said {canary}", "Reply in thread")
    expect(alice.find("thread-composer")).to_have_value("")
    expect(alice.find("search")).to_have_value("")
    assert canary not in kept(alice.page)


def test_another_tab_of_who_signs_out_keeps_nothing_either(people, canary) -> None:
    alice, bob = people("alice", "bob")
    alice.open_direct(bob.name)
    other = alice.context.new_page()
    other.goto(alice.page.url)
    other.get_by_test_id("composer").fill(f"elsewhere {canary}")
    alice.sign_out()

    expect(other.get_by_test_id("signin-form")).to_be_visible()
    assert canary not in found_in(other)


def found_in(page: Page) -> str:
    """All that the page shows or holds, and what the browser keeps for it."""
    page.wait_for_timeout(500)  # closing what was open, and forgetting what was kept, says nothing
    return f"{page.content()}\n{page.title()}\n{page.url}\n{kept(page)}"
