"""olga works in the console, and who looks at the conversation sees it without reloading."""

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from chatproject.tests.browser.tab import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def console(browser: Browser, servers) -> Iterator[Page]:
    """olga's console, in which no page may fail."""
    server, name = servers[0], f"olga{secrets.token_hex(3)}"
    names = ("--email", f"{name}@example.org", "--username", name, "--password-stdin")
    made = server.run("create_operator", *names, input=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    context, complaints = browser.new_context(), []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 500 else None)
    page.goto(f"{server.url}/admin/")
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[type=submit]").click()
    expect(page).to_have_url(f"{server.url}/admin/")
    yield page
    context.close()
    assert not complaints


def press(page: Page, button: str, verb: str, reason: str) -> None:
    """A button of the page, and the reason in the dialog behind it."""
    page.get_by_role("link", name=button, exact=True).click()
    dialog = page.locator("#dialog")
    dialog.locator("[name=reason]").fill(reason)
    dialog.get_by_role("button", name=verb).click()
    expect(dialog).to_have_count(0)


def test_a_frozen_conversation_says_so_and_thaws(friends, servers, console) -> None:
    alice, bob = friends
    bob.say("Hello")
    place = alice.page.evaluate("location.hash").rsplit("/", 1)[-1]
    console.goto(f"{servers[0].url}/admin/conversations/conversation/{place}/change/")

    press(console, "Freeze", "Freeze", "A quarrel")

    for one in (alice, bob):
        expect(one.find("read-only")).to_contain_text("This conversation is frozen")
        expect(one.find("composer")).to_be_hidden()
        expect(one.page.get_by_text("The operators froze this conversation")).to_be_visible()
    press(console, "Thaw", "Thaw", "Peace")
    expect(bob.find("composer")).to_be_visible()
    bob.say("Here we are")
    expect(alice.message("Here we are")).to_be_visible()


def test_a_report_is_read_and_decided(friends, servers, console) -> None:
    alice, bob = friends
    alice.say("Buy my watches")
    bob.choose("Buy my watches", "Report")
    bob.find("report-form").get_by_role("button", name="Send report").click()
    expect(bob.find("report-form")).to_have_count(0)
    console.goto(f"{servers[0].url}/admin/messaging/report/?q={alice.name}")
    console.get_by_role("rowheader").get_by_role("link").first.click()
    expect(console.get_by_text("Buy my watches")).to_be_visible()

    press(console, "Delete the message", "Delete the message", "No adverts")

    expect(bob.message("Buy my watches")).to_have_count(0)
    alice.find("bell").click()
    expect(alice.page.get_by_text("The operators deleted a message of yours: No adverts")).to_be_visible()
    expect(console.get_by_text("Decided: message deleted, by olga")).to_be_visible()
