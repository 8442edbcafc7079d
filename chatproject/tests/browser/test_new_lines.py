"""Enter sends at a desk; on a telephone it makes a new line, and the button sends."""

import secrets

import pytest
from playwright.sync_api import Locator, expect

pytestmark = pytest.mark.browser


def test_on_a_telephone_enter_makes_a_new_line_and_the_button_sends(servers, tab) -> None:
    phone = tab(servers[0].url, f"alice{secrets.token_hex(3)}", width=360, height=640, has_touch=True)
    phone.sign_up(servers[0])
    phone.open_group("Notes")
    write(phone.find("composer"), "Milk", "Bread")
    expect(phone.find("message")).to_have_count(0)
    assert phone.find("composer").evaluate("field => field.enterKeyHint") == "enter"
    phone.find("send").click()
    expect(phone.message("Milk\nBread")).to_have_count(1)

    phone.message("Milk").get_by_test_id("message-menu").click()
    phone.page.get_by_role("menuitem", name="Edit", exact=True).click()
    phone.find("composer").press("Enter")
    phone.find("composer").press_sequentially("Tea")
    expect(phone.page.get_by_text("Edit message")).to_be_visible()
    phone.find("send").click()
    expect(phone.message("Milk\nBread\nTea")).to_contain_text("edited")

    phone.message("Milk").get_by_test_id("message-menu").click()
    phone.page.get_by_role("menuitem", name="Reply in thread").click()
    write(phone.find("thread-composer"), "From", "the shop")
    expect(phone.find("thread").get_by_test_id("message")).to_have_count(1)
    phone.find("thread").get_by_test_id("send").click()
    expect(phone.find("thread").get_by_test_id("message")).to_have_count(2)


def test_a_telephone_with_a_keyboard_sends_with_ctrl_and_enter(servers, tab) -> None:
    phone = tab(servers[0].url, f"alice{secrets.token_hex(3)}", width=360, height=640, has_touch=True)
    phone.sign_up(servers[0])
    phone.open_group("Notes")
    write(phone.find("composer"), "Milk", "Bread")
    phone.find("composer").press("Control+Enter")

    expect(phone.message("Milk\nBread")).to_have_count(1)


def test_at_a_desk_enter_sends_and_shift_enter_makes_a_new_line(friends) -> None:
    alice, bob = friends
    assert alice.find("composer").evaluate("field => field.enterKeyHint") == "send"
    alice.type("Milk")
    alice.find("composer").press("Shift+Enter")
    alice.type("Bread")
    alice.find("composer").press("Enter")

    expect(bob.message("Milk\nBread")).to_have_count(1)


def write(field: Locator, *lines: str) -> None:
    """Type lines with Enter between them."""
    for n, line in enumerate(lines):
        if n:
            field.press("Enter")
        field.press_sequentially(line)
