"""People are told: the bell and what is behind it, the title and the icon, settings, and pushes to the browser."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import PASSWORD, STORED, Tab
from chatproject.tests.browser.worker import Worker, place_of

pytestmark = pytest.mark.browser

UNREAD = re.compile(r"Notifications, \d+ unread")
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


@pytest.fixture
def friends(people):
    """alice, who looks at the group Friends, and bob, who is in it and has read that he is, and looks at nothing."""
    alice, bob = people("alice", "bob")
    alice.open_group("Friends", bob.name)
    read_all(bob)
    return alice, bob


def read_all(one: Tab) -> None:
    """Have all read that somebody was told."""
    expect(one.find("bell")).to_have_attribute("aria-label", UNREAD)
    open_centre(one)
    one.find("read-all").click()
    expect(one.find("bell")).to_have_attribute("aria-label", "Notifications")
    one.page.keyboard.press("Escape")
    expect(one.find("centre")).to_have_count(0)


def open_centre(one: Tab) -> None:
    one.find("bell").click()
    expect(one.find("notice").first).to_be_visible()


def notices(one: Tab, text: str):
    """The notices with this text that can be seen."""
    return one.find("notice").filter(has_text=text, visible=True)


@contextmanager
def api(one: Tab) -> Iterator[httpx.Client]:
    """Somebody's own way to the server, beside their browser."""
    with httpx.Client(base_url=f"{one.url}/api/v1/") as client:
        access = client.post("auth/login/", json={"login": one.name, "password": PASSWORD}).json()["access"]
        client.headers["Authorization"] = f"Bearer {access}"
        yield client


def devices(one: Tab) -> list[dict]:
    """Those that are pushed to, whatever sign-in they belong to."""
    with api(one) as client:
        return client.get("users/me/devices/").json()["results"]


def icon(one: Tab) -> str:
    return one.page.locator("link[rel=icon]").get_attribute("href")


# --- The bell ---------------------------------------------------------------------------------------------------


def test_the_bell_counts_and_leads_to_the_message(friends) -> None:
    alice, bob = friends
    expect(bob.find("bell-badge")).to_be_hidden()
    alice.say(f"First for @{bob.name}")
    for n in range(30):
        alice.say(f"Chatter {n}")
    expect(bob.find("bell")).to_have_attribute("aria-label", "Notifications, 2 unread")

    open_centre(bob)
    expect(notices(bob, "New messages in Friends")).to_have_count(1)
    alice.say(f"Second for @{bob.name}")
    expect(notices(bob, "mentioned you in Friends")).to_have_count(2)
    expect(bob.find("bell-badge")).to_have_text("3")

    notices(bob, "First for").get_by_test_id("notice-open").click()
    expect(bob.find("centre")).to_have_count(0)
    expect(bob.message("First for")).to_be_in_viewport()
    expect(bob.message("First for")).to_be_focused()


def test_reading_a_conversation_reads_what_it_told(friends) -> None:
    alice, bob = friends
    alice.say(f"Look, @{bob.name}")
    expect(bob.find("bell-badge")).to_have_text("1")
    bob.open_first()
    expect(bob.find("bell")).to_have_attribute("aria-label", "Notifications")

    alice.say(f"And here, @{bob.name}")
    expect(bob.message("And here")).to_be_visible()
    open_centre(bob)
    expect(notices(bob, "And here")).to_have_attribute("data-read", "true")
    expect(bob.find("bell")).to_have_attribute("aria-label", "Notifications")


def test_what_was_read_on_one_device_is_read_on_the_others(friends, servers, tab) -> None:
    alice, bob = friends
    again = tab(bob.url, bob.name)
    again.sign_in()
    open_centre(bob)
    expect(notices(bob, "New sign-in: Chrome")).to_have_count(1)
    alice.say(f"Look, @{bob.name}")
    expect(again.find("bell-badge")).to_have_text("1")  # of its own sign-in it knows

    expect(notices(bob, "Look")).to_have_count(1)  # what is not shown yet stays unread
    bob.find("read-all").click()

    expect(again.find("bell")).to_have_attribute("aria-label", "Notifications")
    expect(bob.page.locator("[data-testid=notice][data-read=false]")).to_have_count(0)
    expect(bob.find("read-all")).to_be_hidden()
    alice.say(f"Once more, @{bob.name}")
    expect(bob.page.locator("[data-testid=notice][data-read=false]")).to_have_count(1)

    notices(bob, "New sign-in").get_by_test_id("notice-open").click()
    expect(bob.find("session")).to_have_count(2)


def test_mentions_have_a_list_of_their_own(friends) -> None:
    alice, bob = friends
    bob.find("bell").click()
    bob.find("tab-mentions").click()
    expect(bob.page.get_by_text("Nobody has mentioned you yet.")).to_be_visible()

    alice.say("Just so")
    alice.say(f"For you, @{bob.name}")
    expect(notices(bob, "mentioned you in Friends")).to_have_count(1)
    expect(notices(bob, "")).to_have_count(1)
    bob.find("tab-all").click()
    expect(notices(bob, "New messages in Friends")).to_have_count(1)


def test_reactions_and_replies_are_told(friends) -> None:
    alice, bob = friends
    alice.say("Who comes?")
    bob.open_first()
    bob.message("Who comes?").hover()
    bob.message("Who comes?").get_by_test_id("react").click()
    bob.find("picker").get_by_role("button", name="🎉").click()
    bob.message("Who comes?").hover()
    bob.message("Who comes?").get_by_test_id("message-menu").click()
    bob.page.get_by_role("menuitem", name="Reply", exact=True).click()
    bob.find("composer").last.fill("I do")
    bob.find("composer").last.press("Enter")

    open_centre(alice)
    expect(notices(alice, f"{bob.name} reacted 🎉 to your message")).to_contain_text("Who comes?")
    expect(notices(alice, f"{bob.name} replied to you in Friends")).to_contain_text("I do")


def test_an_invitation_is_accepted_where_it_is_told(people) -> None:
    alice, bob = people("alice", "bob")
    alice.open_group("Readers")
    with api(bob) as client:
        user_id = client.get("users/me/").json()["id"]
    with api(alice) as client:
        invites = f"conversations/{place_of(alice)}/invites/"
        client.post(invites, json={"user_id": user_id}).raise_for_status()

    open_centre(bob)
    invitation = notices(bob, f"{alice.name} invites you to Readers")
    invitation.get_by_test_id("accept-invitation").click()

    expect(bob.page.get_by_role("heading", name="Readers")).to_be_visible()
    expect(bob.find("centre")).to_have_count(0)
    bob.find("bell").click()
    expect(invitation).to_have_count(0)


def test_older_notices_come_page_after_page(people) -> None:
    alice, bob = people("alice", "bob")
    alice.open_group("Friends", bob.name)
    with api(alice) as client:
        for n in range(55):
            message = {"content": f"Number {n} for @{bob.name}"}
            client.post(f"conversations/{place_of(alice)}/messages/", json=message).raise_for_status()

    open_centre(bob)
    expect(bob.find("bell-badge")).to_have_text("56")
    expect(notices(bob, "mentioned you")).to_have_count(50)
    bob.find("more-notices").click()
    expect(notices(bob, "added you to Friends")).to_have_count(1)
    expect(bob.find("more-notices")).to_be_hidden()
    alice.say(f"And another, @{bob.name}")
    expect(notices(bob, "mentioned you")).to_have_count(56)
    expect(notices(bob, "").first).to_contain_text("And another")


def test_the_keyboard_reaches_everything(friends) -> None:
    alice, bob = friends
    alice.say(f"For you, @{bob.name}")
    expect(bob.find("bell-badge")).to_have_text("1")
    keys = bob.page.keyboard
    bob.find("bell").focus()
    keys.press("Enter")
    expect(bob.find("tab-all")).to_be_focused()
    keys.press("ArrowRight")
    expect(bob.find("tab-mentions")).to_be_focused()
    expect(notices(bob, "mentioned you")).to_have_count(1)
    keys.press("Escape")
    expect(bob.find("bell")).to_be_focused()

    keys.press("Enter")
    expect(notices(bob, "added you")).to_have_count(1)
    keys.press("Tab")
    expect(notices(bob, "For you").get_by_test_id("notice-open")).to_be_focused()
    keys.press("ArrowDown")
    expect(notices(bob, "added you").get_by_test_id("notice-open")).to_be_focused()
    keys.press("ArrowUp")
    keys.press("Enter")
    expect(bob.message("For you")).to_be_visible()


def test_a_narrow_phone_needs_no_scrolling_sideways(people) -> None:
    alice, bob = people("alice", "bob", width=360, height=640)
    alice.open_group("A name that is much longer than a phone is wide, and without an end", bob.name)
    alice.say(f"@{bob.name} {'look' * 60}")
    width = "Math.max(...[document.documentElement, ...document.querySelectorAll('.panels')].map((e) => e.scrollWidth))"
    open_centre(bob)
    expect(notices(bob, "looklook")).to_have_count(1)
    assert bob.page.evaluate(width) <= 360
    bob.page.keyboard.press("Escape")
    expect(bob.find("bell")).to_be_in_viewport(ratio=1)
    bob.open_settings("notifications")
    bob.find("setting-quiet").check()
    expect(bob.find("quiet-form")).to_be_visible()
    expect(bob.find("tab-account")).to_be_in_viewport(ratio=1)
    assert bob.page.evaluate(width) <= 360


def test_the_title_and_the_icon_say_how_much_waits(friends) -> None:
    alice, bob = friends
    title, plain = bob.page.title(), icon(bob)
    assert not title.startswith("(")
    alice.say("Hello")
    expect(bob.page).to_have_title(f"(1) {title}")
    alice.say("Are you there?")
    expect(bob.find("unread-badge")).to_have_text("2")
    expect(bob.find("bell-badge")).to_have_text("1")
    expect(bob.page).to_have_title(f"(1) {title}")
    assert icon(bob).startswith("data:image/svg+xml,")

    bob.open_first()
    expect(bob.page).to_have_title(title)
    assert icon(bob) == plain


# --- How one wants to be told -----------------------------------------------------------------------------------


def test_preferences_are_kept(friends) -> None:
    alice, bob = friends
    bob.open_settings("notifications")
    bob.find("setting-level").select_option("mentions")
    bob.find("setting-reactions").uncheck()
    expect(bob.page.get_by_text("Saved.")).to_have_count(2)
    bob.page.reload()
    bob.open_settings("notifications")
    expect(bob.find("setting-level")).to_have_value("mentions")
    expect(bob.find("setting-reactions")).not_to_be_checked()
    bob.page.keyboard.press("Escape")

    alice.say("Just so")
    expect(bob.find("unread-badge")).to_have_text("1")
    alice.say(f"For you, @{bob.name}")
    expect(bob.find("bell-badge")).to_have_text("1")
    open_centre(bob)
    expect(notices(bob, "New messages")).to_have_count(0)


def test_quiet_hours_begin_with_the_browsers_time_zone(people) -> None:
    (bob,) = people("bob")
    zone = {"timezoneId": "Europe/Berlin"}
    devtools = bob.context.new_cdp_session(bob.page)
    devtools.send("Emulation.setTimezoneOverride", zone)
    bob.open_settings("notifications")
    expect(bob.find("quiet-form")).to_be_hidden()
    bob.find("setting-quiet").check()
    form = bob.find("quiet-form")
    expect(form.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    expect(form.get_by_label("From")).to_have_value("22:00")
    form.get_by_label("From").fill("07:00")
    form.get_by_role("button", name="Save hours").click()
    expect(form).to_contain_text("They end when they begin.")
    form.get_by_label("From").fill("23:30")
    form.get_by_label("Time zone").select_option("Asia/Tokyo")
    form.get_by_role("button", name="Save hours").click()
    expect(form).to_contain_text("Saved.")

    bob.page.reload()
    bob.open_settings("notifications")
    expect(form.get_by_label("From")).to_have_value("23:30")
    expect(form.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    bob.find("setting-quiet").uncheck()
    expect(form).to_be_hidden()
    with api(bob) as client:
        assert client.get("notifications/preferences/").json()["quiet_hours"] is None


# --- Pushes -----------------------------------------------------------------------------------------------------


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
    one.page.reload()
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
    bob.page.reload()
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

    bob.page.reload()
    bob.say("Hello again")
    expect(bob.message("Hello again")).to_have_attribute("data-status", STORED)
    expect(bob.find("push-offer")).to_be_hidden()
