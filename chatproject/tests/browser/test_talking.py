"""People talk in a group: reactions, threads, pins, mentions, roles, invitations, search."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import STORED

pytestmark = pytest.mark.browser

MINE, NOT_MINE = re.compile("true"), re.compile("false")


@pytest.fixture
def people(servers, tab):
    """Opens a signed-up browser for each name; where there are two processes the first is on another one."""
    mark = secrets.token_hex(3)

    def sign_up(*names: str):
        homes = [servers[0], *[servers[1]] * (len(names) - 1)]
        found = [tab(home.url, f"{name}{mark}") for home, name in zip(homes, names, strict=True)]
        for one in found:
            one.sign_up(servers[0])
        return found

    return sign_up


@pytest.fixture
def friends(people):
    """alice, who owns the group Friends, and bob, who is in it; both look at it."""
    alice, bob = people("alice", "bob")
    alice.open_group("Friends", bob.name)
    bob.open_first()
    return alice, bob


def test_a_reaction_is_seen_by_the_others_and_taken_back(friends) -> None:
    alice, bob = friends
    alice.say("Cake is ready")
    bob.message("Cake is ready").hover()
    bob.message("Cake is ready").get_by_test_id("react").click()
    bob.find("picker").get_by_role("button", name="🎉").click()

    seen = alice.message("Cake is ready").get_by_test_id("reaction-🎉")
    expect(seen).to_have_text("🎉1")
    expect(seen).to_have_attribute("aria-pressed", "false")
    expect(seen).to_have_attribute("title", bob.name)
    seen.click()
    expect(bob.find("reaction-🎉")).to_have_text("🎉2")
    expect(bob.find("reaction-🎉")).to_have_attribute("aria-pressed", "true")
    bob.find("reaction-🎉").click()
    expect(seen).to_have_text("🎉1")


def test_any_emoji_is_typed_and_words_are_refused(friends) -> None:
    alice, _ = friends
    alice.say("What do you think?")
    expect(alice.message("What do you think?")).to_have_attribute("data-status", STORED)
    alice.choose("What do you think?", "React")
    alice.find("any-emoji").fill("no")
    alice.find("any-emoji").press("Enter")
    expect(alice.page.get_by_text("This is no emoji.")).to_be_visible()

    alice.choose("What do you think?", "React")
    alice.find("any-emoji").fill("🦔")
    alice.find("any-emoji").press("Enter")
    expect(alice.find("reaction-🦔")).to_have_text("🦔1")


def test_a_name_is_completed_and_its_mention_is_seen(friends) -> None:
    alice, bob = friends
    bob.open_direct(alice.name)
    alice.type("Hi @bo")
    expect(alice.find("completion-item")).to_have_count(1)
    alice.find("composer").press("Tab")
    expect(alice.find("composer")).to_have_value(f"Hi @{bob.name} ")
    alice.type("and @al")
    expect(alice.find("completion-item")).to_contain_text("Everybody here")
    alice.find("composer").press("Escape")
    expect(alice.find("completion")).to_be_hidden()
    alice.find("composer").press("Enter")

    expect(bob.find("mention-badge")).to_have_count(1)
    bob.page.get_by_role("link", name=re.compile("Friends")).click()
    expect(bob.find("my-mention")).to_have_text(f"@{bob.name}")
    expect(bob.find("mention-badge")).to_have_count(0)
    expect(alice.find("my-mention")).to_have_count(0)


def test_everybody_is_mentioned_by_whoever_may(friends) -> None:
    alice, bob = friends
    alice.type("Tea, @al")
    alice.find("composer").press("ArrowUp")
    alice.find("composer").press("Enter")
    alice.find("composer").press("Enter")
    expect(bob.find("my-mention")).to_have_text("@all")

    bob.type("@al")
    expect(bob.find("completion-item")).to_have_count(1)
    expect(bob.find("completion-item")).to_contain_text(alice.name)


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
    carol.page.reload()
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
    carol.find("conversation-menu").click()
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
    expect(bob.page.get_by_text(f"{alice.name} changed the conversation").first).to_be_visible()
    alice.find("setting-is_read_only").uncheck()
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


def test_ones_own_settings_in_a_conversation_stay_after_a_reload(friends) -> None:
    alice, bob = friends
    alice.open_direct(bob.name)
    alice.say("Hello")
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

    alice.page.reload()
    friends_item = alice.find("conversation-item").filter(has_text="Friends")
    expect(friends_item.get_by_label("Muted")).to_be_visible()
    expect(alice.find("conversation-item").first).to_contain_text("Friends")
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
