"""People talk in a group: reactions, mentions, who has read it, what it said before, and reports."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import STORED

pytestmark = pytest.mark.browser


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
    expect(alice.page.get_by_text("That isn't an emoji.")).to_be_visible()

    alice.choose("What do you think?", "React")
    alice.find("any-emoji").fill("🦔")
    alice.find("any-emoji").press("Enter")
    expect(alice.find("reaction-🦔")).to_have_text("🦔1")


def test_a_name_is_completed_and_its_mention_is_seen(friends) -> None:
    alice, bob = friends
    bob.open_direct(alice.name)
    expect(bob.page.get_by_role("heading", name=alice.name)).to_be_visible()
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


CROWD = """
from accounts.models import User
from accounts.services import index_names
from conversations.models import Conversation, Membership
from common.clock import now
group = Conversation.objects.get(id={group!r})
names = [{name!r} + f"-{{n}}" for n in range(250)]
people = [User(username=n, username_key=n, username_skeleton=n, email_verified_at=now()) for n in names]
User.objects.bulk_create(people)
index_names(people)
Membership.objects.bulk_create(Membership(conversation=group, user=one, joined_at=now()) for one in people)
Conversation.objects.filter(id=group.id).update(member_count=251)
"""
"""Many people in a group, made behind the server's back: registering them would take minutes."""


def test_in_a_large_group_names_are_asked_for(people, servers) -> None:
    (alice,) = people("alice")
    alice.open_group("Everybody")
    made = servers[0].run(
        "shell", "-c", CROWD.format(group=alice.page.evaluate("location.hash").rsplit("/", 1)[-1], name=alice.name)
    )
    assert made.returncode == 0, made.stderr
    alice.reload()
    expect(alice.find("members")).to_contain_text("251")

    alice.type(f"@{alice.name}-24")
    expect(alice.find("completion-item")).to_have_count(6)
    alice.find("composer").press("ArrowDown")
    alice.find("composer").press("Tab")
    expect(alice.find("composer")).to_have_value(re.compile(rf"@{alice.name}-24\d "))


def test_who_is_loaded_after_the_at_sign_is_offered_and_the_chosen_one_stays(friends) -> None:
    alice, bob = friends
    held = []
    alice.page.route(re.compile(r"/members/(\?|$)"), lambda route: held.append(route))
    alice.reload()
    alice.type("@")
    expect(alice.find("completion-item")).to_have_text(re.compile("Everybody here"))
    for route in held:
        route.continue_()
    expect(alice.find("completion-item")).to_have_count(2)
    expect(alice.page.get_by_role("option", selected=True)).to_contain_text("Everybody here")
    alice.find("composer").press("ArrowUp")
    alice.find("composer").press("Enter")
    expect(alice.find("composer")).to_have_value(f"@{bob.name} ")

    alice.say("Nobody is offered who was not asked for")
    expect(alice.find("completion")).to_be_hidden()


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


def test_it_is_told_who_has_read_a_message(friends) -> None:
    alice, bob = friends
    alice.say("Did you see this?")
    expect(bob.message("Did you see this?")).to_be_visible()
    bob.find("timeline").click()
    expect(alice.message("Did you see this?")).to_have_attribute("data-status", STORED)
    alice.page.wait_for_timeout(500)  # marks are gathered before they are sent

    alice.choose("Did you see this?", "Read by…")
    expect(alice.find("receipt")).to_contain_text(bob.name)
    expect(alice.find("receipt")).to_have_attribute("data-verb", "read")


def test_what_a_message_said_before_is_kept(friends) -> None:
    alice, bob = friends
    alice.say("At fife")
    alice.choose("At fife", "Edit")
    alice.say("At five")
    bob.message("At five").get_by_test_id("edited").click()

    expect(bob.find("past")).to_have_count(1)
    expect(bob.find("past")).to_contain_text("At fife")


def test_messages_and_people_are_reported(friends) -> None:
    alice, bob = friends
    alice.say("Buy my watches")
    bob.choose("Buy my watches", "Report")
    form = bob.find("report-form")
    form.get_by_label("What is it?").select_option("spam")
    form.get_by_label("What should we know?").fill("Every day")
    form.get_by_role("button", name="Send report").click()
    expect(bob.page.get_by_text("The operators will look at it.")).to_be_visible()

    bob.find("members").click()
    bob.find("member").filter(has_text=alice.name).get_by_test_id("member-menu").click()
    bob.find("report-person").click()
    bob.find("report-form").get_by_role("button", name="Send report").click()
    expect(bob.find("report-form")).to_have_count(0)


def test_who_is_on_a_message_stays_there_when_changes_come_in_above_it(servers, tab) -> None:
    alice = tab(servers[0].url, f"alice{secrets.token_hex(3)}")
    alice.sign_up(servers[0])
    alice.open_group("Notes")
    alice.say("Milk")
    expect(alice.message("Milk")).to_have_attribute("data-status", STORED)
    held = []
    alice.page.route("**/log/**", lambda route: held.append(route))
    with alice.page.expect_request("**/log/**"):
        alice.reload()
    alice.message("Milk").focus()
    expect(alice.page.locator(".row-change")).to_have_count(0)

    for route in held:
        route.continue_()
    expect(alice.page.locator(".row-change")).to_have_count(1)
    expect(alice.message("Milk")).to_be_focused()


def test_a_finger_that_rests_on_a_message_opens_its_menu(servers, tab) -> None:
    alice = tab(servers[0].url, f"alice{secrets.token_hex(3)}")
    alice.sign_up(servers[0])
    alice.open_group("Notes")
    alice.say("Milk")
    expect(alice.message("Milk")).to_have_attribute("data-status", STORED)
    phone = tab(servers[0].url, alice.name, width=360, height=640, has_touch=True)
    phone.sign_in()
    phone.open_first()
    expect(phone.message("Milk")).to_be_visible()
    place = phone.message("Milk").locator(".text").bounding_box()
    assert place

    fingers = phone.context.new_cdp_session(phone.page)
    touches = [{"x": place["x"] + 5, "y": place["y"] + 5}]
    fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": touches})
    phone.page.wait_for_timeout(600)  # how long a finger rests
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    phone.page.get_by_role("menuitem", name="Delete").click()
    phone.find("confirm").click()
    expect(alice.message("Message deleted")).to_be_visible()
