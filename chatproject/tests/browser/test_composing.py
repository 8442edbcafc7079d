"""A key with which somebody composes a word chooses nothing and sends nothing: it is for their input method."""

import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import PASSWORD, STORED, Tab

pytestmark = pytest.mark.browser

KEYS = {"Enter": "\r", "Escape": "", "ArrowUp": "", "ArrowDown": "", "Tab": ""}
OF_INPUT_METHOD = 229


class Keyboard:
    """The keyboard of somebody who writes with an input method."""

    def __init__(self, one: Tab) -> None:
        self._session = one.context.new_cdp_session(one.page)

    def compose(self, text: str) -> None:
        """Begin a word, or go on with it."""
        place = {"selectionStart": len(text), "selectionEnd": len(text)}
        self._session.send("Input.imeSetComposition", {"text": text, **place})

    def commit(self, text: str) -> None:
        """The word is whole."""
        self._session.send("Input.insertText", {"text": text})

    def press(self, key: str) -> None:
        """A key that the input method takes; the page is told, as by Safari, which one it was."""
        told = {"key": key, "code": key, "windowsVirtualKeyCode": OF_INPUT_METHOD, "text": KEYS[key]}
        self._session.send("Input.dispatchKeyEvent", {"type": "keyDown", **told})
        self._session.send("Input.dispatchKeyEvent", {"type": "keyUp", **told, "text": ""})

    def finish(self, text: str) -> None:
        """Choose a word with Enter: before its end, as most browsers tell it, and after, as Safari does."""
        self.compose(text)
        self.press("Enter")
        self.commit(text)
        self.press("Enter")


def test_the_enter_that_ends_a_word_sends_no_message(friends) -> None:
    alice, bob = friends
    keyboard = Keyboard(alice)
    alice.find("composer").focus()
    keyboard.finish("日本")
    expect(alice.find("composer")).to_have_value("日本")
    alice.find("composer").press("Enter")
    expect(bob.message("日本")).to_be_visible()

    alice.choose("日本", "Edit")
    keyboard.finish("語")
    expect(alice.find("composer")).to_have_value("日本語")
    keyboard.compose("か")
    keyboard.press("Escape")
    keyboard.commit("か")
    expect(alice.page.get_by_text("Edit message")).to_be_visible()
    alice.find("composer").press("Enter")
    expect(bob.message("日本語か")).to_be_visible()

    bob.choose("日本語か", "Reply in thread")
    written = Keyboard(bob)
    bob.find("thread-composer").focus()
    written.finish("はい")
    written.compose("そ")
    written.press("Escape")
    written.commit("そ")
    expect(bob.find("thread-composer")).to_have_value("はいそ")
    expect(bob.find("thread").get_by_test_id("message")).to_have_count(1)
    bob.find("thread-composer").press("Enter")
    expect(bob.find("thread").get_by_test_id("message")).to_have_count(2)
    assert alice.texts() == ["日本語か"]


def test_names_and_people_are_not_chosen_by_a_word_that_is_composed(friends) -> None:
    alice, bob = friends
    keyboard = Keyboard(alice)
    alice.type("@")
    expect(alice.find("completion-item")).to_have_count(2)
    chosen = alice.page.get_by_role("option", selected=True)
    name = chosen.inner_text()
    for key in ("ArrowDown", "Enter", "Escape"):
        keyboard.press(key)
    expect(chosen).to_have_text(name, use_inner_text=True)
    expect(alice.find("composer")).to_have_value("@")
    alice.find("composer").fill("")

    alice.find("new-direct").click()
    alice.find("people-search").fill(bob.name)
    expect(alice.find("person-result")).to_have_count(1)
    keyboard.press("Enter")
    keyboard.press("Escape")
    expect(alice.find("person-result")).to_be_visible()
    alice.page.keyboard.press("Enter")
    expect(alice.page.get_by_role("heading", name=bob.name)).to_be_visible()


def test_no_form_is_sent_and_no_hit_is_opened_by_a_word_that_is_composed(friends) -> None:
    alice, _ = friends
    keyboard = Keyboard(alice)
    alice.say("Tea 茶")
    expect(alice.message("Tea")).to_have_attribute("data-status", STORED)
    saved: list[str] = []
    alice.page.on("request", lambda asked: saved.append(asked.method) if asked.url.endswith("/members/me/") else None)
    alice.choose_here("menu-own")
    alice.find("own-form").get_by_label("Nickname").focus()
    keyboard.finish("愛")
    expect(alice.find("own-form").get_by_label("Nickname")).to_have_value("愛")
    alice.page.keyboard.press("Enter")
    expect(alice.page.get_by_text("Saved.")).to_have_count(1)
    assert saved == ["PATCH"]
    alice.page.keyboard.press("Escape")

    alice.find("new-group").click()
    alice.find("group-name").focus()
    keyboard.finish("友")
    keyboard.press("Escape")
    expect(alice.find("group-name")).to_have_value("友")
    alice.page.keyboard.press("Escape")

    alice.find("search-here").click()
    alice.find("search-here-field").fill("Tea")
    expect(alice.find("hit")).to_have_count(1)
    keyboard.finish("茶")
    expect(alice.find("search-here-field")).to_be_visible()
    alice.page.get_by_role("button", name="Close").click()

    alice.choose("Tea", "React")
    alice.find("any-emoji").focus()
    keyboard.finish("🎉")
    expect(alice.find("any-emoji")).to_have_value("🎉")
    alice.find("any-emoji").press("Enter")
    expect(alice.find("reaction-🎉")).to_have_text("🎉1")


def test_a_handler_that_is_new_is_guarded_as_well(friends) -> None:
    alice, _ = friends
    alice.page.evaluate("window.heard = []; addEventListener('keydown', ({ key }) => heard.push(key), true)")
    keyboard = Keyboard(alice)
    alice.find("composer").focus()
    keyboard.finish("新")
    alice.find("composer").press("a")

    assert alice.page.evaluate("heard") == ["a"]


def test_a_code_in_wide_digits_is_sent_when_it_is_whole(servers, tab) -> None:
    one = tab(servers[0].url, f"alice{secrets.token_hex(3)}")
    one.page.get_by_role("button", name="Create an account").click()
    form = one.find("signup-form")
    form.get_by_label("E-mail").fill(f"{one.name}@example.org")
    form.get_by_label("Username").fill(one.name)
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button", name="Sign up").click()
    code = servers[0].code(f"{one.name}@example.org")
    one.find("code-form").get_by_label("6-digit code").focus()
    keyboard = Keyboard(one)
    keyboard.compose("000000")
    keyboard.compose(code)
    expect(one.find("code-form").locator(".error[role=alert]")).to_be_empty()
    keyboard.commit(code)

    expect(one.find("conversation-list")).to_be_attached()
