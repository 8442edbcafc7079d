"""People are told: the bell and what is behind it, the title and the icon, and settings."""

import re

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import Tab, api
from chatproject.tests.browser.worker import place_of

pytestmark = pytest.mark.browser

UNREAD = re.compile(r"Notifications, \d+ unread")


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
    bob.reload(is_covered=True)
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
    expect(form).to_contain_text("Quiet hours must end at a different time than they begin.")
    form.get_by_label("From").fill("23:30")
    form.get_by_label("Time zone").select_option("Asia/Tokyo")
    form.get_by_role("button", name="Save hours").click()
    expect(form).to_contain_text("Saved.")

    bob.reload(is_covered=True)
    bob.open_settings("notifications")
    expect(form.get_by_label("From")).to_have_value("23:30")
    expect(form.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    bob.find("setting-quiet").uncheck()
    expect(form).to_be_hidden()
    with api(bob) as client:
        assert client.get("notifications/preferences/").json()["quiet_hours"] is None
