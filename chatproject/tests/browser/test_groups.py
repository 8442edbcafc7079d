"""Groups and channels: invitations, roles, bans, rules, muting, and one's own settings in them."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import STORED

pytestmark = pytest.mark.browser


def test_a_link_lets_somebody_in_and_roles_are_given(people, servers) -> None:
    alice, carol = people("alice", "carol")
    alice.open_group("Friends")
    alice.choose_here("menu-invites")
    alice.find("invite-form").get_by_label("How often it works").select_option("1")
    alice.find("invite-form").get_by_role("button", name="New link").click()
    link = alice.find("invite-link").input_value()
    assert "/#/invite/" in link

    carol.sign_out()
    carol.page.goto(f"{carol.url}/{link[link.index('#') :]}")
    carol.reload()
    carol.sign_in()
    expect(carol.page.get_by_role("heading", name="Friends")).to_be_visible()
    carol.find("members").click()
    expect(carol.find("member")).to_have_count(2)
    alice.page.keyboard.press("Escape")
    expect(alice.page.get_by_text(f"{carol.name} joined")).to_be_visible()

    alice.find("members").click()
    alice.find("member").filter(has_text=carol.name).get_by_test_id("member-menu").click()
    alice.find("make-admin").click()
    expect(carol.find("member").filter(has_text="(you)")).to_have_attribute("data-role", "admin")
    carol.page.keyboard.press("Escape")
    expect(carol.page.get_by_text(f"{alice.name} made you an admin")).to_be_visible()
    for _ in range(20):  # what she may do is asked for when she hears of it; a menu shows what she may as it opens
        carol.find("conversation-menu").click()
        if carol.find("menu-rules").is_visible():
            break
        carol.page.keyboard.press("Escape")
        carol.page.wait_for_timeout(200)
    expect(carol.find("menu-rules")).to_be_visible()


def test_a_used_or_deleted_link_leads_nowhere(people) -> None:
    alice, bob = people("alice", "bob")
    alice.open_group("Friends")
    alice.choose_here("menu-invites")
    alice.find("invite-form").get_by_role("button", name="New link").click()
    link = alice.find("invite-link").input_value()
    alice.find("delete-invite").click()
    expect(alice.find("invite")).to_have_count(0)

    bob.page.goto(f"{bob.url}/{link[link.index('#') :]}")
    expect(bob.page.get_by_text("This invitation leads nowhere any more.")).to_be_visible()
    expect(bob.find("conversation-item")).to_have_count(0)


def test_whoever_is_banned_is_out_until_the_ban_is_lifted(friends) -> None:
    alice, bob = friends
    alice.find("members").click()
    alice.find("member").filter(has_text=bob.name).get_by_test_id("member-menu").click()
    alice.find("ban-member").click()
    alice.find("ban-form").get_by_label("Why?").fill("Too loud")
    alice.find("ban-form").get_by_role("button", name="Ban").click()
    expect(bob.find("conversation-item")).to_have_count(0)
    expect(bob.find("composer")).to_have_count(0)

    alice.find("bans").click()
    expect(alice.find("ban")).to_contain_text("Too loud")
    alice.find("lift-ban").click()
    expect(alice.find("ban")).to_have_count(0)
    alice.page.keyboard.press("Escape")
    alice.find("add-members").click()
    alice.find("people-search").fill(bob.name)
    alice.find("person-result").first.click()
    alice.find("submit").click()
    expect(bob.find("conversation-item")).to_have_count(1)


def test_read_only_and_slow_mode_hold_members_back(friends) -> None:
    alice, bob = friends
    alice.choose_here("menu-rules")
    alice.find("setting-slow_mode_seconds").select_option("10")
    expect(alice.page.get_by_text("Saved.")).to_have_count(1)
    bob.say("One")
    expect(bob.message("One")).to_have_attribute("data-status", STORED)
    expect(bob.find("slow-mode")).to_contain_text(re.compile(r"again in \d+ s"))
    bob.say("Two")
    expect(bob.message("Two")).to_have_count(0)
    expect(bob.find("slow-mode")).to_be_hidden()
    bob.find("composer").press("Enter")
    expect(alice.message("Two")).to_be_visible()

    alice.find("setting-is_read_only").check()
    expect(bob.find("read-only")).to_contain_text("Only owners and admins write here.")
    expect(bob.find("composer")).to_be_hidden()
    expect(bob.page.get_by_text(f"{alice.name} let only admins write")).to_be_visible()
    alice.find("setting-is_read_only").uncheck()
    expect(bob.find("composer")).to_be_visible()


def test_whoever_is_muted_is_told_until_when(friends) -> None:
    alice, bob = friends
    alice.find("members").click()
    his = alice.find("member").filter(has_text=bob.name)
    his.get_by_test_id("member-menu").click()
    alice.find("mute-member-1h").click()
    expect(his.get_by_test_id("silenced")).to_be_visible()
    expect(bob.find("read-only")).to_contain_text("A moderator has muted you until")
    expect(bob.find("composer")).to_be_hidden()

    his.get_by_test_id("member-menu").click()
    alice.find("unmute-member").click()
    expect(his.get_by_test_id("silenced")).to_have_count(0)
    expect(bob.find("composer")).to_be_visible()


def test_a_group_is_renamed_described_and_deleted(friends) -> None:
    alice, bob = friends
    alice.choose_here("menu-rules")
    form = alice.find("rules-form")
    form.get_by_label("Name").fill("Best friends")
    form.get_by_role("button", name="Save").click()
    expect(bob.page.get_by_role("heading", name="Best friends")).to_be_visible()
    bob.find("conversation-menu").click()
    expect(bob.find("menu-own")).to_be_visible()
    expect(bob.find("menu-rules")).to_have_count(0)

    alice.find("delete-conversation").click()
    alice.find("confirm").click()
    expect(bob.find("conversation-item")).to_have_count(0)
    expect(alice.find("conversation-item")).to_have_count(0)


def test_ones_own_settings_in_a_conversation_stay_and_are_known_on_other_devices(friends, servers, tab) -> None:
    alice, bob = friends
    alice.open_direct(bob.name)
    expect(alice.page.get_by_role("heading", name=bob.name)).to_be_visible()
    alice.say("Hello")
    expect(alice.find("conversation-item").first).to_contain_text(bob.name)
    alice.page.get_by_role("link", name=re.compile("Friends")).click()
    alice.choose_here("pin-top")
    expect(alice.find("conversation-item").first).to_contain_text("Friends")
    alice.choose_here("mute")
    alice.find("mute-ever").click()
    expect(alice.find("conversation-item").first.get_by_label("Muted")).to_be_visible()
    alice.choose_here("menu-own")
    alice.find("setting-notify").select_option("mentions")
    alice.find("own-form").get_by_label("Nickname").fill("The boss")
    alice.find("own-form").get_by_role("button", name="Save").click()
    expect(alice.page.get_by_text("Saved.")).to_have_count(2)
    alice.page.keyboard.press("Escape")
    alice.say("Who am I?")
    expect(bob.message("Who am I?").locator(".sender")).to_have_text("The boss")

    alice.reload()
    friends_item = alice.find("conversation-item").filter(has_text="Friends")
    expect(friends_item.get_by_label("Muted")).to_be_visible()
    expect(alice.find("conversation-item").first).to_contain_text("Friends")
    elsewhere = tab(servers[1].url, alice.name)
    elsewhere.sign_in()
    elsewhere.open_first()
    elsewhere.choose_here("unmute")
    expect(friends_item.get_by_label("Muted")).to_have_count(0)
    alice.choose_here("mark-unread")
    expect(friends_item.get_by_test_id("marked-unread")).to_be_visible()
    alice.open_first()
    expect(alice.find("marked-unread")).to_have_count(0)
    alice.choose_here("archive")
    expect(friends_item).to_be_hidden()
    alice.find("archived").locator("summary").click()
    expect(friends_item).to_be_visible()


def test_a_channel_is_begun_and_found(people) -> None:
    alice, bob = people("alice", "bob")
    name = f"News {secrets.token_hex(3)}"
    alice.find("channels").click()
    alice.find("new-channel").click()
    alice.find("channel-form").get_by_label("Name").fill(name)
    alice.find("channel-form").get_by_role("button", name="Create channel").click()
    expect(alice.page.get_by_role("heading", name=name)).to_be_visible()

    bob.find("channels").click()
    bob.find("channel-result").filter(has_text=name).click()
    expect(bob.page.get_by_role("heading", name=name)).to_be_visible()
