"""Somebody in front of the web client: what they do, in their words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import BrowserContext, Locator, Page, expect

from chatproject.tests.browser.lending import Lent
from chatproject.tests.server import Server

PASSWORD = "correct horse 7"
STORED = re.compile("sent|delivered|read")
"""The states of an own message that the server has."""


class Tab:
    """A browser of its own with the web client open at `url`. What the page complains about is in `complaints`.

    With a `signed_up_at` the person has an account on that server, and is signed in when the page opens.
    """

    def __init__(
        self,
        lent: Lent,
        url: str,
        name: str,
        *,
        signed_up_at: Server | None = None,
        width: int = 1200,
        height: int = 800,
    ) -> None:
        self.url, self.name = url, name
        self._lent = lent
        lent.origins.add(url)
        self.page: Page = lent.page
        self.page.set_viewport_size({"width": width, "height": height})
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if signed_up_at:
            self._register(signed_up_at)
        self.page.goto(url)
        if signed_up_at:
            expect(self.find("conversation-list")).to_be_attached()

    @property
    def context(self) -> BrowserContext:
        """Its cookies, permissions and pages. Who takes it may leave there what is not cleared away: nobody gets it
        after them."""
        self._lent.is_clean = False
        return self._lent.context

    def find(self, testid: str) -> Locator:
        """What stands in the page under this name."""
        return self.page.get_by_test_id(testid)

    def reload(self, *, is_covered: bool = False) -> None:
        """Load the page again. What was just closed has left the history first: going back would break it off. With
        `is_covered`, a dialog or a thread is open and stays so."""
        if not is_covered:
            self.settle()
        self.page.reload()

    def settle(self) -> None:
        """Wait until what was just closed has left the history. Asked by a function: an expression would be evaluated
        anew each time, which the page's policy forbids."""
        self.page.wait_for_function("() => !history.state?.is_over")

    def sign_up(self, server: Server) -> None:
        """Sign up, read the code from the mail, and enter it."""
        self.page.get_by_role("button", name="Create an account").click()
        form = self.find("signup-form")
        form.get_by_label("E-mail").fill(f"{self.name}@example.org")
        form.get_by_label("Username").fill(self.name)
        form.get_by_label("Password").fill(PASSWORD)
        form.get_by_role("button", name="Sign up").click()
        expect(self.find("code-form")).to_be_visible()
        self.find("code-form").get_by_label("6-digit code").fill(server.code(f"{self.name}@example.org"))
        expect(self.find("conversation-list")).to_be_attached()

    def _register(self, server: Server) -> None:
        """What `sign_up` does, without the page: the browser holds the cookie that the page begins with."""
        address = f"{self.name}@example.org"
        self._post("register/", email=address, username=self.name, password=PASSWORD)
        self._post("verify/", email=address, code=server.code(address), cookie=True)

    def _post(self, path: str, **body: object) -> None:
        # Of a connection that lies idle, a request might begin just when the server closes it.
        headers = {"Connection": "close"}
        answer = self._lent.context.request.post(f"{self.url}/api/v1/auth/{path}", data=body, headers=headers)
        assert answer.ok, answer.text()

    def sign_in(self, password: str = PASSWORD) -> None:
        """Sign in with name and password."""
        form = self.find("signin-form")
        form.get_by_label("E-mail or username").fill(self.name)
        form.get_by_label("Password").fill(password)
        form.get_by_role("button", name="Sign in").click()
        expect(self.find("conversation-list")).to_be_attached()

    def sign_out(self) -> None:
        """Sign out by the profile menu."""
        self.find("profile").click()
        self.find("sign-out").click()
        expect(self.find("signin-form")).to_be_visible()

    def open_settings(self, part: str) -> None:
        """Open a part of the settings: `profile`, `notifications`, `privacy`, `security` or `account`."""
        self.find("profile").click()
        self.find("settings").click()
        self.find(f"tab-{part}").click()

    def open_direct(self, other: str, *, encrypted: bool = False) -> None:
        """Find somebody and open the conversation with them, of one mode or the other."""
        self.find("new-direct").click()
        if encrypted:
            self.find("encrypted").check()
        self.find("people-search").fill(other)
        self.find("person-result").first.click()
        expect(self.find("composer")).to_be_visible()

    def open_group(self, name: str, *others: str, encrypted: bool = False) -> None:
        """Begin a group with some people, and open it."""
        self.find("new-group").click()
        if encrypted:
            self.find("encrypted").check()
        self.find("group-name").fill(name)
        for other in others:
            self.find("people-search").fill(other)
            self.find("person-result").first.click()
        self.find("submit").click()
        expect(self.page.get_by_role("heading", name=name)).to_be_visible()

    def choose_here(self, testid: str) -> None:
        """Choose something from the menu of the open conversation."""
        self.find("conversation-menu").click()
        self.find(testid).click()

    def open_first(self) -> None:
        """Open the conversation on top of the list."""
        self.find("conversation-item").first.get_by_role("link").click()
        expect(self.find("composer")).to_be_visible()

    def type(self, text: str) -> None:
        """Type into the composer, key by key."""
        self.find("composer").press_sequentially(text)

    def say(self, text: str) -> None:
        """Write a message and send it: with the keyboard, or with the button where Enter makes a new line."""
        self.find("composer").fill(text)
        if self.page.evaluate("matchMedia('(pointer: coarse)').matches"):
            self.find("send").click()
        else:
            self.find("composer").press("Enter")

    def message(self, text: str) -> Locator:
        """The message with this text. The time stands beside it, so "3" would be found in "39:17 AM" as well."""
        return self.find("message").filter(has=self.page.locator("p", has_text=text))

    def choose(self, text: str, action: str) -> None:
        """Choose something from the menu of a message, once the server has it."""
        expect(self.message(text)).to_have_attribute("data-id", re.compile("."))
        self.message(text).hover()
        self.message(text).get_by_test_id("message-menu").click()
        self.page.get_by_role("menuitem", name=action, exact=True).click()

    def texts(self) -> list[str]:
        """The texts of all messages that stand in the page, in order."""
        return self.page.locator("[data-testid=message] .text").all_inner_texts()


def talk(alice: Tab, bob: Tab, *, encrypted: bool = False) -> None:
    """Both look at a conversation with one message."""
    alice.open_direct(bob.name, encrypted=encrypted)
    alice.say("before")
    bob.open_first()
    expect(bob.message("before")).to_be_visible()
    expect(alice.message("before")).to_have_attribute("data-status", STORED)


@contextmanager
def api(one: Tab) -> Iterator[httpx.Client]:
    """Somebody's own way to the server, beside their browser."""
    with httpx.Client(base_url=f"{one.url}/api/v1/") as client:
        access = client.post("auth/login/", json={"login": one.name, "password": PASSWORD}).json()["access"]
        client.headers["Authorization"] = f"Bearer {access}"
        yield client
