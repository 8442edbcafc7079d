"""The page's service worker in somebody's browser: what is pushed to it, what it shows, and clicks on that."""

import json
from contextlib import suppress
from typing import Any

from playwright.sync_api import expect

from chatproject.tests.browser.tab import Tab

SHOWN = """navigator.serviceWorker.getRegistration()
    .then((registration) => registration.getNotifications())
    .then((all) => all.map(({ title, body, tag, data }) => ({ title, body, tag, data })))"""
CLICK = """(title) => registration.getNotifications().then((all) => {
    const notification = all.find((one) => one.title === title);
    dispatchEvent(new NotificationEvent("notificationclick", { notification }));
})"""


class Worker:
    """Registered by this page as the page registers it; notifications are allowed."""

    def __init__(self, one: Tab) -> None:
        self._one = one
        one.context.grant_permissions(["notifications"])
        one.page.evaluate("navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)")
        self._devtools = one.context.new_cdp_session(one.page)
        self._registration = ""
        self._devtools.on("ServiceWorker.workerRegistrationUpdated", self._registered)
        self._devtools.send("ServiceWorker.enable")
        self.wait_for(lambda: self._registration)

    def push(self, text: str) -> None:
        """What the browser does when its push service brings this."""
        self._last = {"origin": self._one.url, "registrationId": self._registration, "data": text}
        self._bring()

    def _bring(self) -> None:
        self._devtools.send("ServiceWorker.deliverPushMessage", self._last)

    def tell(self, title: str, *, tag: str = "topic", **data: str) -> None:
        """A push as the server sends it."""
        self.push(json.dumps({"title": title, "body": "New message", "tag": tag, "badge": 1, "data": data}))

    def shown(self) -> list[dict[str, Any]]:
        """The notifications that the browser shows."""
        found: list[dict[str, Any]] = self._one.page.evaluate(SHOWN)
        return found

    def titles(self) -> list[str]:
        return sorted(one["title"] for one in self.shown())

    def expect_titles(self, *titles: str) -> None:
        """Wait until these are shown, and no others. The last push is brought again meanwhile, as push services do: a
        browser that starts its worker on a busy machine loses one now and then."""
        for _ in range(3):
            with suppress(AssertionError):
                return self.wait_for(lambda: self.titles() == sorted(titles))
            self._bring()
        raise AssertionError(f"shown are {self.titles()}")

    def click(self, title: str) -> None:
        """What the browser does when somebody clicks a notification."""
        self._one.context.service_workers[0].evaluate(CLICK, title)

    def wait_for(self, look: Any) -> None:
        for _ in range(150):
            if look():
                return
            self._one.page.wait_for_timeout(100)
        raise AssertionError(f"shown are {self.titles()}")

    def _registered(self, event: dict[str, Any]) -> None:
        for registration in event["registrations"]:
            self._registration = registration["registrationId"]


def place_of(one: Tab) -> str:
    """The id of the conversation that somebody has open."""
    expect(one.find("composer")).to_be_visible()
    found: str = one.page.evaluate("location.hash.split('/')[2]")
    return found
