"""Nothing is read before it was shown: neither on the reader's side, nor to the one who wrote it."""

import re
import secrets
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.sealed.keys import enter
from chatproject.tests.browser.tab import PASSWORD, STORED, Tab

pytestmark = pytest.mark.browser


class Writer:
    """Somebody who writes without a browser, and asks who has read it."""

    def __init__(self, one: Tab) -> None:
        self._http = httpx.Client(base_url=f"{one.url}/api/v1/")
        access = self._http.post("auth/login/", json={"login": one.name, "password": PASSWORD}).json()["access"]
        self._http.headers["Authorization"] = f"Bearer {access}"
        self.place = one.page.evaluate("location.hash").rsplit("/", 1)[-1]

    def say(self, text: str, **more: object) -> str:
        """The id of what was said."""
        path = f"conversations/{self.place}/messages/"
        return self._http.post(path, json={"content": text, **more}).raise_for_status().json()["id"]

    def is_read(self, message_id: str) -> bool:
        return bool(self._http.get(f"messages/{message_id}/receipts/").raise_for_status().json()["read"])


@pytest.fixture
def writer(friends) -> Writer:
    """bob, whose browser has gone elsewhere."""
    _, bob = friends
    found = Writer(bob)
    bob.page.goto("about:blank")
    return found


def rests(one: Tab) -> None:
    """Until the marks of a page have reached the server."""
    one.page.wait_for_timeout(1_000)  # they are gathered for 200 ms


def become_read(one: Tab, writer: Writer, *message_ids: str) -> None:
    """Wait until somebody has read these."""
    for _ in range(50):
        if all(map(writer.is_read, message_ids)):
            return
        one.page.wait_for_timeout(200)
    raise AssertionError("nobody has read it")


def test_a_reply_in_a_thread_is_read_when_the_thread_was_shown(friends, writer) -> None:
    alice, _ = friends
    root = writer.say("Where do we meet?")
    become_read(alice, writer, root)
    reply = writer.say("At the station", thread_id=root)
    expect(alice.find("new-replies")).to_have_text("1 new")
    alice.say("Good question")
    expect(alice.message("Good question")).to_have_attribute("data-status", STORED)
    rests(alice)
    assert not writer.is_read(reply)
    alice.reload()
    expect(alice.find("new-replies")).to_have_text("1 new")
    expect(alice.find("unread-badge")).to_have_text("1")
    assert not writer.is_read(reply)

    alice.find("open-thread").click()
    expect(alice.find("thread").get_by_test_id("message")).to_have_count(2)
    become_read(alice, writer, reply)
    expect(alice.find("unread-badge")).to_have_count(0)
    expect(alice.find("new-replies")).to_have_count(0)


def test_a_new_reply_below_a_message_far_above_is_found(friends, writer) -> None:
    alice, _ = friends
    root = writer.say("Where do we meet?")
    for n in range(40):
        writer.say(f"Line {n}")
    expect(alice.message("Line 39")).to_be_visible()
    expect(alice.find("to-reply")).to_be_hidden()
    reply = writer.say("At the station", thread_id=root)
    alice.reload()
    alice.find("to-reply").click()

    expect(alice.find("thread").get_by_test_id("message").filter(has_text="At the station")).to_be_visible()
    become_read(alice, writer, reply)
    alice.find("close-thread").click()
    expect(alice.find("to-reply")).to_be_hidden()


def test_what_was_seen_in_the_moment_of_closing_is_read(friends, writer) -> None:
    alice, _ = friends
    alice.page.evaluate("""() => {
      const seen = new MutationObserver(() => {
        if (!document.querySelector("[data-testid=timeline]").textContent.includes("Good night")) return;
        requestAnimationFrame(() => setTimeout(() => location.replace("about:blank")));
      });
      seen.observe(document.body, { childList: true, subtree: true });
    }""")
    said = writer.say("Good night")

    alice.page.wait_for_url("about:blank")
    become_read(alice, writer, said)


def test_a_thread_that_was_read_elsewhere_holds_nothing_back(friends, writer, servers, tab) -> None:
    alice, _ = friends
    root = writer.say("Where do we meet?")
    first = writer.say("Here?", thread_id=root)
    expect(alice.find("new-replies")).to_have_text("1 new")
    elsewhere = tab(servers[1].url, alice.name)
    elsewhere.sign_in()
    elsewhere.open_first()
    elsewhere.find("open-thread").click()

    become_read(alice, writer, first)
    expect(alice.find("unread-badge")).to_have_count(0)
    elsewhere.reload(is_covered=True)
    expect(elsewhere.find("unread-badge")).to_have_count(0)


def test_whoever_need_not_see_a_thread_says_so(friends, writer) -> None:
    alice, _ = friends
    root = writer.say("Where do we meet?")
    reply = writer.say("At the station", thread_id=root)
    expect(alice.find("unread-badge")).to_have_text("1")
    alice.choose_here("mark-read")

    become_read(alice, writer, reply)
    expect(alice.find("unread-badge")).to_have_count(0)


def behind_a_dialog(one: Tab) -> Callable[[], object]:
    one.find("new-group").click()
    return lambda: one.page.get_by_role("button", name="Close").click()


def behind_a_thread(one: Tab) -> Callable[[], object]:
    one.page.set_viewport_size({"width": 700, "height": 700})
    one.choose("Hello", "Reply in thread")
    expect(one.find("thread").get_by_test_id("message")).to_have_count(1)
    return lambda: one.find("close-thread").click()


def in_the_background(one: Tab) -> Callable[[], object]:
    """Another window is in front."""
    one.page.evaluate("document.hasFocus = () => false")
    one.page.evaluate("dispatchEvent(new Event('blur'))")

    def come_back() -> None:
        one.page.evaluate("delete document.hasFocus")
        one.page.evaluate("dispatchEvent(new Event('focus'))")

    return come_back


def in_another_tab(one: Tab) -> Callable[[], object]:
    one.page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")

    def come_back() -> None:
        one.page.evaluate("delete document.hidden")
        one.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    return come_back


def in_the_list_of_a_telephone(one: Tab) -> Callable[[], object]:
    one.page.set_viewport_size({"width": 360, "height": 640})
    one.find("back").click()
    expect(one.find("conversation-list")).to_be_in_viewport()
    return one.open_first


@pytest.mark.parametrize(
    "hide", [behind_a_dialog, behind_a_thread, in_the_background, in_another_tab, in_the_list_of_a_telephone]
)
def test_what_is_hidden_is_read_when_it_comes_to_be_seen(friends, writer, hide) -> None:
    alice, _ = friends
    alice.say("Hello")
    expect(alice.message("Hello")).to_have_attribute("data-status", STORED)
    show = hide(alice)
    said = writer.say("Psst")
    expect(alice.find("unread-badge")).to_have_text("1")
    rests(alice)
    assert not writer.is_read(said)

    show()
    become_read(alice, writer, said)


def test_what_stands_below_is_read_when_somebody_comes_there(friends, writer) -> None:
    alice, _ = friends
    for n in range(30):
        alice.say(f"Line {n}")
    expect(alice.message("Line 29")).to_have_attribute("data-status", STORED)
    alice.find("timeline").evaluate("one => (one.scrollTop = 0)")
    expect(alice.page.get_by_role("button", name="Jump to the latest message")).to_be_visible()
    said = writer.say("Psst")
    expect(alice.find("unread-badge")).to_have_text("1")
    rests(alice)
    assert not writer.is_read(said)

    alice.page.get_by_role("button", name="Jump to the latest message").click()
    become_read(alice, writer, said)


def test_of_more_than_is_loaded_only_the_beginning_is_read(friends, writer) -> None:
    alice, _ = friends
    alice.page.goto("about:blank")
    said = [writer.say(f"Line {n}") for n in range(260)]
    alice.page.go_back()
    expect(alice.message("Line 0").first).to_be_in_viewport()
    become_read(alice, writer, said[0])
    rests(alice)

    assert not writer.is_read(said[-1])


def test_a_message_that_does_not_open_here_is_not_read_until_it_does(servers, tab) -> None:
    mark = secrets.token_hex(3)
    alice, laptop = (tab(server.url, f"{name}{mark}") for server, name in zip(servers, ("alice", "bob"), strict=True))
    for one in (alice, laptop):
        enter(one, lambda one=one: one.sign_up(servers[0]))
    alice.open_direct(laptop.name, encrypted=True)
    alice.say("for the laptop")
    expect(alice.message("for the laptop")).to_have_attribute("data-status", re.compile("delivered"))
    phone = tab(servers[0].url, laptop.name, width=390, height=780)
    enter(phone, phone.sign_in)
    phone.open_first()
    expect(phone.find("unopened")).to_have_text("Sealed before this device was there")
    alice.say("for both")
    expect(phone.message("for both")).to_be_visible()
    phone.say("What did you say?")
    expect(alice.message("What did you say?")).to_be_visible()
    rests(phone)
    expect(alice.message("for the laptop")).to_have_attribute("data-status", "delivered")
    expect(alice.message("for both")).to_have_attribute("data-status", "delivered")
    alice.reload()
    expect(alice.message("for the laptop")).to_have_attribute("data-status", "delivered")
    expect(alice.message("for both")).to_have_attribute("data-status", "delivered")

    laptop.open_first()
    expect(laptop.message("for the laptop")).to_be_visible()
    expect(alice.message("for the laptop")).to_have_attribute("data-status", "read")
    expect(alice.message("for both")).to_have_attribute("data-status", "read")
