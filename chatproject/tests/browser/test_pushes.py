"""Pushes to the browser: asked for, shown by the page's worker, and clicked on."""

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.chrome import launch
from chatproject.tests.browser.lending import Lending
from chatproject.tests.browser.tab import STORED, Tab, api
from chatproject.tests.browser.worker import Worker, place_of

pytestmark = pytest.mark.browser

PUSH_SERVICE = """{
const key = (letter, length) => letter.repeat(length);
let held = null;
PushManager.prototype.getSubscription = async () => held;
PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
  const text = atob(applicationServerKey.replaceAll("-", "+").replaceAll("_", "/"));
  const keys = { p256dh: key("B", 87), auth: key("a", 22) };
  return (held = {
    options: { applicationServerKey: Uint8Array.from(text, (char) => char.charCodeAt(0)).buffer },
    toJSON: () => ({ endpoint: `https://push.example.org/${sessionStorage.push ??= crypto.randomUUID()}`, keys }),
    unsubscribe: async () => { held = null; return true; },
  });
};
}"""


@pytest.fixture(scope="module")
def browser(playwright):
    browser = launch(playwright, has_window=True)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def lending(browser):
    """Of that browser: the package's own would lend another one's contexts."""
    lending = Lending(browser)
    yield lending
    lending.close()


@pytest.fixture
def friends(people):
    """alice, who looks at the group Friends, and bob, who is in it and looks at nothing."""
    alice, bob = people("alice", "bob")
    alice.open_group("Friends", bob.name)
    return alice, bob


def devices(one: Tab) -> list[dict]:
    """Those that are pushed to, whatever sign-in they belong to."""
    with api(one) as client:
        return client.get("users/me/devices/").json()["results"]


def test_a_push_is_shown_and_one_about_the_same_replaces_it(people) -> None:
    (bob,) = people("bob")
    worker = Worker(bob)
    worker.tell("Friends", tag="one", kind="message", conversation_id="c", seq="3")
    worker.expect_titles("Friends")
    data = {"kind": "message", "conversation_id": "c", "seq": "3"}
    assert worker.shown() == [{"title": "Friends", "body": "New message", "tag": "one", "data": data}]

    worker.tell("Friends again", tag="one", kind="mention", conversation_id="c", seq="4")
    worker.expect_titles("Friends again")
    worker.tell("Readers", tag="other", kind="message", conversation_id="d", seq="1")
    worker.expect_titles("Friends again", "Readers")


@pytest.mark.parametrize("text", ["", "no JSON", "{}", "[]"])
def test_a_push_that_cannot_be_read_says_something(people, text: str) -> None:
    (bob,) = people("bob")
    worker = Worker(bob)
    worker.push(text)
    worker.expect_titles("New notification")


def test_nothing_is_shown_of_what_one_looks_at(friends) -> None:
    _, bob = friends
    bob.open_first()
    worker = Worker(bob)
    place = place_of(bob)
    worker.tell("Looked at", tag="one", kind="message", conversation_id=place, seq="3")
    worker.tell("Elsewhere", tag="two", kind="message", conversation_id="another", seq="3")
    worker.expect_titles("Elsewhere")

    bob.page.evaluate("history.replaceState(null, '', '/'); dispatchEvent(new HashChangeEvent('hashchange'))")
    expect(bob.find("composer")).to_have_count(0)
    worker.tell("Friends", tag="one", kind="message", conversation_id=place, seq="3")
    worker.expect_titles("Elsewhere", "Friends")
    bob.open_first()
    worker.expect_titles("Elsewhere")


def test_a_click_leads_to_the_message_from_wherever_one_is(friends) -> None:
    alice, bob = friends
    alice.say("Far above")
    expect(alice.message("Far above")).to_have_attribute("data-status", STORED)
    place, seq = place_of(alice), alice.message("Far above").get_attribute("data-seq")
    for n in range(30):
        alice.say(f"Chatter {n}")
    worker = Worker(bob)
    worker.tell("Friends", kind="mention", conversation_id=place, seq=seq)
    worker.expect_titles("Friends")
    bob.open_settings("profile")

    worker.click("Friends")
    expect(bob.message("Far above")).to_be_focused()
    expect(bob.page.get_by_role("dialog")).to_have_count(0)
    worker.expect_titles()

    worker.tell("Invited", kind="invitation", conversation_id="unknown")
    worker.expect_titles("Invited")
    worker.click("Invited")
    expect(bob.find("centre")).to_be_visible()
    bob.page.goto("about:blank")
    bob.page.goto(f"{bob.url}/#/c/{place}/{seq}")
    expect(bob.message("Far above")).to_be_focused()


def test_a_push_service_that_is_away_is_told_kindly(people) -> None:
    """Without a push service, which no test can reach, subscribing fails as it does for people who are offline."""
    (bob,) = people("bob")
    bob.context.grant_permissions(["notifications"])
    bob.open_settings("notifications")
    bob.find("setting-push").click()
    expect(bob.find("push-here")).to_contain_text("push service cannot be reached")
    expect(bob.find("setting-push")).not_to_be_checked()
    assert devices(bob) == []


def test_a_blocked_page_says_where_to_change_it(people) -> None:
    (bob,) = people("bob")
    bob.open_settings("notifications")
    expect(bob.find("setting-push")).not_to_be_checked()
    assert bob.page.evaluate("Notification.permission") == "default", "nobody was asked"
    bob.page.keyboard.press("Escape")
    devtools = bob.context.new_cdp_session(bob.page)
    context_id = devtools.send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    denied = {"permission": {"name": "notifications"}, "setting": "denied", "browserContextId": context_id}
    devtools.send("Browser.setPermission", denied)
    bob.open_settings("notifications")
    expect(bob.find("push-here")).to_contain_text("Allow them in the browser's settings")
    expect(bob.find("setting-push")).to_have_count(0)


def switch_pushes_on(one: Tab) -> None:
    """Have what somebody is told pushed to this browser. `pushManager` is replaced by an init script: a real
    subscription comes from the browser maker's servers. The permission, the worker, the registration and the server
    are real."""
    one.context.grant_permissions(["notifications"])
    one.context.add_init_script(PUSH_SERVICE)
    one.reload()
    one.open_settings("notifications")
    one.find("setting-push").check()
    expect(one.find("push-here")).to_contain_text("Saved.")


def test_a_device_is_pushed_to_as_long_as_somebody_wants_and_is_signed_in(people) -> None:
    (bob,) = people("bob")
    switch_pushes_on(bob)
    assert [(one["provider"], one["name"].split()[0]) for one in devices(bob)] == [("webpush", "Chrome")]
    bob.page.keyboard.press("Escape")

    bob.sign_out()
    assert devices(bob) == []
    bob.sign_in()
    bob.open_settings("notifications")
    expect(bob.find("setting-push")).to_be_checked()
    assert len(devices(bob)) == 1, "it was registered anew in silence"

    bob.find("setting-push").uncheck()
    expect(bob.find("push-here")).to_contain_text("Saved.")
    assert devices(bob) == []
    bob.reload(is_covered=True)
    bob.open_settings("notifications")
    expect(bob.find("setting-push")).not_to_be_checked()


def test_who_shares_a_browser_is_not_pushed_to_by_others_wishes(people) -> None:
    alice, bob = people("alice", "bob")
    switch_pushes_on(bob)
    bob.page.keyboard.press("Escape")
    bob.sign_out()

    bob.name = alice.name
    bob.sign_in()
    bob.open_settings("notifications")
    expect(bob.find("setting-push")).not_to_be_checked()
    assert devices(alice) == []


def test_notifications_are_offered_once_after_the_first_own_message(friends) -> None:
    _, bob = friends
    bob.open_first()
    expect(bob.find("push-offer")).to_be_hidden()
    bob.say("Hello")
    expect(bob.find("push-offer")).to_be_visible()
    assert bob.page.evaluate("Notification.permission") == "default", "nobody was asked"
    bob.find("dismiss-offer").click()
    expect(bob.find("push-offer")).to_be_hidden()

    bob.reload()
    bob.say("Hello again")
    expect(bob.message("Hello again")).to_have_attribute("data-status", STORED)
    expect(bob.find("push-offer")).to_be_hidden()
