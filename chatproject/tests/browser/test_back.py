"""Back closes what lies over the conversation before it leaves anything, and leaves no traces in the history."""

import re
import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import STORED, Tab
from media.tests.files import two_halves

pytestmark = pytest.mark.browser

PICTURE = {"name": "cat.png", "mimeType": "image/png", "buffer": two_halves(size=(80, 60))}


def from_menu(item: str) -> Callable[[Tab], object]:
    return lambda one: one.choose_here(item)


def from_message(item: str) -> Callable[[Tab], object]:
    return lambda one: one.choose("Look", item)


OPENERS: dict[str, Callable[[Tab], object]] = {
    "settings": lambda one: one.open_settings("privacy"),
    "notifications": lambda one: one.find("bell").click(),
    "new direct chat": lambda one: one.find("new-direct").click(),
    "new group": lambda one: one.find("new-group").click(),
    "channels": lambda one: one.find("channels").click(),
    "members": lambda one: one.find("members").click(),
    "members from the menu": from_menu("menu-members"),
    "rules": from_menu("menu-rules"),
    "invitations": from_menu("menu-invites"),
    "own settings": from_menu("menu-own"),
    "photos and files": from_menu("menu-media"),
    "leaving": from_menu("menu-leave"),
    "search": lambda one: one.find("search-here").click(),
    "lightbox": lambda one: one.find("image").first.click(),
    "read by": from_message("Read by…"),
    "edit history": lambda one: one.find("edited").click(),
    "deleting": from_message("Delete"),
    "menu": lambda one: one.find("conversation-menu").click(),
    "profile menu": lambda one: one.find("profile").click(),
    "emoji": from_message("React"),
    "thread": from_message("Reply in thread"),
    "pins": lambda one: one.find("all-pins").click(),
}
OVER = "dialog[open], :popover-open:not(.toasts), [data-testid=thread]"


def test_back_closes_each_thing_that_lies_over_the_conversation(friends) -> None:
    alice, _ = friends
    alice.find("files").set_input_files([PICTURE])
    alice.say("Look")
    expect(alice.message("Look")).to_have_attribute("data-status", STORED)
    alice.choose("Look", "Edit")
    alice.say("Look here")
    alice.choose("Look", "Pin")
    expect(alice.find("all-pins")).to_be_visible()
    place, length = alice.page.url, []

    for name, opening in OPENERS.items():
        opening(alice)
        expect(alice.page.locator(OVER), name).not_to_have_count(0)
        alice.page.go_back()
        expect(alice.page.locator(OVER), name).to_have_count(0)
        assert alice.page.url == place, name
        expect(alice.find("composer")).to_be_visible()
        length.append(alice.page.evaluate("history.length"))
    assert len(set(length)) == 1, "the history grows by nothing"


def test_what_is_closed_by_itself_leaves_no_entry_behind(friends) -> None:
    alice, bob = friends
    alice.open_direct(bob.name)
    expect(alice.page.get_by_role("heading", name=bob.name)).to_be_visible()
    for _ in range(3):
        alice.find("new-group").click()
        alice.page.get_by_role("button", name="Close").click()
        alice.find("new-group").click()
        alice.page.keyboard.press("Escape")
        alice.find("conversation-menu").click()
        alice.page.keyboard.press("Escape")
    expect(alice.page.locator(OVER)).to_have_count(0)
    alice.settle()

    alice.page.go_back()
    expect(alice.page.get_by_role("heading", name="Friends")).to_be_visible()
    alice.page.go_forward()
    expect(alice.page.get_by_role("heading", name=bob.name)).to_be_visible()


def test_of_several_things_back_closes_the_uppermost(friends) -> None:
    alice, bob = friends
    alice.say("Look")
    expect(bob.message("Look")).to_be_visible()
    alice.choose("Look", "Reply in thread")
    alice.find("members").click()
    alice.find("add-members").click()
    expect(alice.find("people-search")).to_be_visible()

    alice.page.go_back()
    expect(alice.find("people-search")).to_have_count(0)
    expect(alice.page.locator("dialog")).to_have_count(1)
    alice.page.go_back()
    expect(alice.page.locator("dialog")).to_have_count(0)
    expect(alice.find("thread")).to_be_visible()
    alice.page.go_back()
    expect(alice.find("thread")).to_have_count(0)
    expect(alice.page.get_by_role("heading", name="Friends")).to_be_visible()


def test_a_choice_in_a_dialog_leads_on_and_back_comes_back(friends) -> None:
    alice, bob = friends
    alice.say("Look")
    expect(alice.message("Look")).to_have_attribute("data-status", STORED)
    alice.choose("Look", "Reply in thread")
    alice.open_direct(bob.name)
    expect(alice.page.get_by_role("heading", name=bob.name)).to_be_visible()
    expect(alice.page.locator(OVER)).to_have_count(0)

    alice.page.go_back()
    expect(alice.page.get_by_role("heading", name="Friends")).to_be_visible()
    alice.page.go_forward()
    expect(alice.page.get_by_role("heading", name=bob.name)).to_be_visible()


def test_a_page_that_is_loaded_again_under_a_dialog_goes_on_without_it(friends) -> None:
    alice, bob = friends
    alice.find("new-group").click()
    expect(alice.find("group-name")).to_be_visible()
    alice.reload(is_covered=True)
    expect(alice.page.get_by_role("heading", name="Friends")).to_be_visible()
    expect(alice.page.locator("dialog")).to_have_count(0)
    alice.settle()

    alice.open_direct(bob.name)
    expect(alice.page.get_by_role("heading", name=bob.name)).to_be_visible()
    alice.page.go_back()
    expect(alice.page.get_by_role("heading", name="Friends")).to_be_visible()


def test_on_a_telephone_back_leads_from_a_conversation_to_the_list(servers, tab) -> None:
    phone = tab(servers[0].url, f"alice{secrets.token_hex(3)}", width=360, height=640, has_touch=True)
    phone.sign_up(servers[0])
    phone.open_group("Friends")
    phone.find("members").click()
    expect(phone.find("member")).to_have_count(1)
    phone.page.go_back()
    expect(phone.find("member")).to_have_count(0)
    expect(phone.find("composer")).to_be_visible()
    phone.page.go_back()
    expect(phone.find("conversation-list")).to_be_in_viewport()
    expect(phone.find("composer")).to_have_count(0)

    length = []
    for _ in range(3):
        phone.open_first()
        phone.find("back").click()
        expect(phone.find("conversation-list")).to_be_in_viewport()
        length.append(phone.page.evaluate("history.length"))
    assert len(set(length)) == 1, "the history grows by nothing"


def test_below_a_conversation_that_a_telephone_was_sent_to_there_is_the_list(servers, tab) -> None:
    phone = tab(servers[0].url, f"alice{secrets.token_hex(3)}", width=360, height=640, has_touch=True)
    phone.sign_up(servers[0])
    phone.open_group("Friends")
    place = phone.page.url
    phone.page.goto("about:blank")
    phone.page.goto(place)
    expect(phone.find("composer")).to_be_visible()

    phone.page.go_back()

    expect(phone.find("conversation-list")).to_be_in_viewport()
    expect(phone.page).to_have_url(re.compile(r"^[^#]*$"))


def test_in_a_narrow_window_ctrl_k_leads_from_a_conversation_to_the_search(servers, tab) -> None:
    alice = tab(servers[0].url, f"alice{secrets.token_hex(3)}", width=360, height=640)
    alice.sign_up(servers[0])
    alice.open_group("Friends")

    alice.page.keyboard.press("Control+k")

    expect(alice.find("search")).to_be_focused()
    expect(alice.find("conversation-list")).to_be_in_viewport()


def test_on_a_telephone_back_leads_from_what_was_found_to_the_list(servers, tab) -> None:
    phone = tab(servers[0].url, f"alice{secrets.token_hex(3)}", width=360, height=640, has_touch=True)
    phone.sign_up(servers[0])
    phone.open_group("Friends")
    phone.say("a needle")
    expect(phone.message("a needle")).to_have_attribute("data-status", STORED)
    phone.page.go_back()
    phone.find("search").click()  # it is shown by then: keys for what is hidden would be lost
    phone.page.keyboard.type("needle")
    expect(phone.find("hit")).to_have_count(1)
    phone.page.go_back()

    expect(phone.find("search")).to_have_value("")
    expect(phone.find("hit")).to_have_count(0)
    expect(phone.find("conversation-item")).to_have_count(1)

    phone.find("search").press_sequentially("needle")
    phone.find("hit").click()
    expect(phone.find("composer")).to_be_visible()
    phone.page.go_back()
    expect(phone.find("conversation-list")).to_be_in_viewport()
    expect(phone.find("search")).to_have_value("")
