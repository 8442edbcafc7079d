"""What was sent without a network goes out at the next opening of the page, once."""

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chatproject.tests.browser.keeping import kept
from chatproject.tests.browser.proxy import Network
from chatproject.tests.browser.tab import STORED, Tab, talk

pytestmark = pytest.mark.browser

PICTURE = Path(__file__).parents[3] / "clients/web/icon.png"


def test_what_was_written_offline_goes_out_when_the_page_is_opened_again(pair, network) -> None:
    alice, bob = pair
    talk(alice, bob)
    cut(alice, network)
    for n in range(3):
        alice.say(f"offline {n}")
    expect(alice.message("offline 2")).to_have_attribute("data-status", "pending")
    reopen(alice, network)

    expect(bob.message("offline 2")).to_be_visible()
    expect(alice.message("offline 2")).to_have_attribute("data-status", STORED)
    assert bob.texts() == ["before", "offline 0", "offline 1", "offline 2"]
    alice.reload()
    expect(alice.message("offline 2")).to_have_attribute("data-status", STORED)
    assert bob.texts() == alice.texts() == ["before", "offline 0", "offline 1", "offline 2"]


def test_what_was_sent_in_the_moment_of_closing_is_not_lost(pair, network) -> None:
    alice, bob = pair
    talk(alice, bob)
    cut(alice, network)
    alice.say("and then she closed it")
    alice.page.close()
    reopen(alice, network)

    expect(bob.message("and then she closed it")).to_be_visible()


def test_two_pages_of_one_person_send_it_once_and_the_one_that_stays_takes_over(pair, network) -> None:
    alice, bob = pair
    talk(alice, bob)
    staying = page_beside(alice)
    cut(alice, network)
    alice.say("from the first page")
    expect(alice.message("from the first page")).to_have_attribute("data-status", "pending")
    assert staying.get_by_text("from the first page").count() == 0
    alice.page.close()
    network.mend()
    expect(staying.get_by_test_id("connection-banner")).to_be_hidden(timeout=40_000)
    staying.evaluate("dispatchEvent(new Event('focus'))")

    expect(bob.message("from the first page")).to_be_visible()
    bob.say("answer")
    expect(staying.get_by_test_id("message").filter(has_text="answer")).to_be_visible()
    assert bob.texts() == ["before", "from the first page", "answer"]


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_picture_goes_out_with_its_words_when_the_page_is_opened_again(pair, network, encrypted: bool) -> None:
    alice, bob = pair
    canary = f"canary{secrets.token_hex(6)}"
    talk(alice, bob, encrypted=encrypted)
    cut(alice, network)
    alice.find("files").first.set_input_files(PICTURE)
    expect(alice.find("chosen")).to_be_visible()
    alice.say(f"look {canary}")
    expect(alice.message(canary)).to_have_attribute("data-status", "pending")
    alice.page.wait_for_timeout(1000)  # nothing says that it was written down
    assert (canary in kept(alice.page)) is not encrypted
    reopen(alice, network)

    expect(bob.message(canary).get_by_test_id("image")).to_be_visible(timeout=30_000)
    expect(alice.message(canary)).to_have_attribute("data-status", STORED)
    assert bob.message(canary).count() == 1


def test_encrypted_words_lie_on_the_disk_sealed_and_go_out_once(pair, network) -> None:
    alice, bob = pair
    canary = f"canary{secrets.token_hex(6)}"
    talk(alice, bob, encrypted=True)
    cut(alice, network)
    alice.say(f"a secret {canary}")
    alice.page.wait_for_timeout(1000)  # nothing says that it was written down
    assert canary not in kept(alice.page)
    reopen(alice, network)

    expect(bob.message(canary)).to_be_visible(timeout=30_000)
    expect(alice.message(canary)).to_have_attribute("data-status", STORED)
    assert bob.message(canary).count() == 1


def test_signing_out_asks_before_it_gives_up_what_is_not_sent(pair, network) -> None:
    alice, bob = pair
    talk(alice, bob)
    cut(alice, network)
    alice.say("not yet sent")
    alice.find("profile").click()
    alice.find("sign-out").click()

    expect(alice.page.get_by_role("dialog")).to_contain_text("not sent yet")
    alice.page.keyboard.press("Escape")
    network.mend()
    expect(bob.message("not yet sent")).to_be_visible(timeout=40_000)


def test_signing_out_asks_before_it_gives_up_what_another_page_has_not_sent(pair, network) -> None:
    alice, bob = pair
    talk(alice, bob)
    other = page_beside(alice)
    cut(alice, network)
    alice.say("not yet sent")
    expect(alice.message("not yet sent")).to_have_attribute("data-status", "pending")
    other.get_by_test_id("profile").click()
    other.get_by_test_id("sign-out").click()

    expect(other.get_by_role("dialog")).to_contain_text("not sent yet")
    other.keyboard.press("Escape")
    network.mend()
    expect(bob.message("not yet sent")).to_be_visible(timeout=40_000)


def page_beside(one: Tab) -> Page:
    """Another page of the same person, at the same place."""
    page = one.context.new_page()
    page.goto(one.page.url)
    expect(page.get_by_test_id("composer")).to_be_visible()
    return page


def cut(one: Tab, network: Network) -> None:
    network.cut()
    expect(one.find("connection-banner")).to_be_visible()


def reopen(one: Tab, network: Network) -> None:
    """Close the page, and open another one with a network."""
    url = one.page.url
    page: Page = one.context.new_page()
    one.page.close()
    network.mend()
    one.page = page
    page.goto(url)
    expect(one.find("composer")).to_be_visible()
