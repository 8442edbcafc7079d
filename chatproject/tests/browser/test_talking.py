"""People talk in a group: reactions, threads, pins, mentions, roles, invitations, search."""

import re
import secrets

import httpx
import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import PASSWORD, STORED, Tab

pytestmark = pytest.mark.browser


def chatter(one: Tab, count: int) -> None:
    """Write many messages into the conversation that somebody has open, without their browser."""
    conversation_id = one.page.evaluate("location.hash").rsplit("/", 1)[-1]
    with httpx.Client(base_url=f"{one.url}/api/v1/") as client:
        access = client.post("auth/login/", json={"login": one.name, "password": PASSWORD}).json()["access"]
        client.headers["Authorization"] = f"Bearer {access}"
        for n in range(count):
            client.post(
                f"conversations/{conversation_id}/messages/", json={"content": f"Chatter {n}"}
            ).raise_for_status()


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
from accounts.services import add_name_words
from conversations.models import Conversation, Membership
from chatproject.common.clock import now
group = Conversation.objects.get(id={group!r})
names = [{name!r} + f"-{{n}}" for n in range(250)]
people = [User(username=n, username_key=n, username_skeleton=n, email_verified_at=now()) for n in names]
User.objects.bulk_create(people)
add_name_words(people)
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
    alice.page.reload()
    expect(alice.find("members")).to_contain_text("251")

    alice.type(f"@{alice.name}-24")
    expect(alice.find("completion-item")).to_have_count(6)
    alice.find("composer").press("ArrowDown")
    alice.find("composer").press("Tab")
    expect(alice.find("composer")).to_have_value(re.compile(rf"@{alice.name}-24\d "))


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

    alice.page.reload()
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


def test_a_thread_stands_beside_the_conversation(friends) -> None:
    alice, bob = friends
    alice.say("Where do we meet?")
    bob.choose("Where do we meet?", "Reply in thread")
    bob.find("thread-composer").fill("At the station")
    bob.find("thread-composer").press("Enter")
    thread = bob.find("thread")
    expect(thread.get_by_test_id("message").filter(has_text="At the station")).to_have_attribute("data-status", STORED)

    opener = alice.message("Where do we meet?").get_by_test_id("open-thread")
    expect(opener).to_have_text("1 reply")
    expect(alice.message("At the station")).to_have_count(0)
    opener.click()
    expect(alice.find("thread").get_by_test_id("message")).to_have_count(2)
    alice.find("thread-composer").fill("At six")
    alice.find("thread-composer").press("Enter")

    expect(thread.get_by_test_id("message").filter(has_text="At six")).to_be_visible()
    expect(bob.message("Where do we meet?").get_by_test_id("open-thread")).to_have_text("2 replies")
    thread.get_by_test_id("message").filter(has_text="At six").hover()
    thread.get_by_test_id("message").filter(has_text="At six").get_by_test_id("react").click()
    bob.find("picker").get_by_role("button", name="👍").click()
    expect(alice.find("thread").get_by_test_id("reaction-👍")).to_have_text("👍1")
    bob.page.keyboard.press("Escape")
    expect(thread).to_have_count(0)


def test_what_was_read_in_a_thread_is_not_new_the_next_time(friends) -> None:
    alice, bob = friends
    alice.say("Ideas?")
    expect(bob.message("Ideas?")).to_be_visible()
    bob.choose("Ideas?", "Reply in thread")
    for text in ("One", "Two"):
        bob.find("thread-composer").fill(text)
        bob.find("thread-composer").press("Enter")
    opener = alice.find("open-thread")
    expect(opener).to_have_text("2 replies")

    opener.click()
    expect(alice.find("thread").locator(".row-new")).to_have_count(1)
    alice.find("close-thread").click()
    opener.click()
    expect(alice.find("thread").get_by_test_id("message")).to_have_count(3)
    expect(alice.find("thread").locator(".row-new")).to_have_count(0)


def test_a_pinned_message_is_found_again_by_everybody(friends) -> None:
    alice, bob = friends
    alice.say("The door code is on the fridge")
    expect(alice.message("The door code")).to_have_attribute("data-status", STORED)
    chatter(alice, 30)
    expect(bob.message("Chatter 29")).to_be_visible()
    alice.choose("The door code", "Pin")

    expect(bob.find("last-pin")).to_contain_text("The door code")
    expect(bob.message("The door code")).not_to_be_in_viewport()
    bob.find("last-pin").click()
    expect(bob.message("The door code")).to_be_in_viewport()
    bob.message("The door code").hover()
    bob.message("The door code").get_by_test_id("message-menu").click()
    expect(bob.page.get_by_role("menuitem", name="Reply", exact=True)).to_be_visible()
    expect(bob.page.get_by_role("menuitem", name="Unpin")).to_have_count(0)

    alice.find("all-pins").click()
    alice.find("unpin").click()
    expect(alice.find("pins")).to_be_hidden()
    expect(bob.find("pins")).to_be_hidden()


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


def test_a_message_far_above_is_found_and_shown_where_it_stands(friends) -> None:
    alice, bob = friends
    bob.say("The <b>hedgehog</b> sleeps under the shed")
    expect(alice.message("hedgehog")).to_be_visible()
    chatter(bob, 130)
    bob.page.reload()
    expect(bob.message("Chatter 129")).to_be_visible()
    expect(bob.message("hedgehog")).to_have_count(0)

    bob.page.keyboard.press("Control+k")
    bob.page.keyboard.type("hedgeh")
    expect(bob.find("hit")).to_have_count(1)
    expect(bob.find("hit").locator("mark")).to_have_text("hedgehog")
    bob.page.keyboard.press("ArrowDown")
    bob.page.keyboard.press("Enter")

    expect(bob.message("hedgehog")).to_be_in_viewport()
    expect(bob.message("hedgehog")).to_be_focused()
    expect(bob.message("Chatter 0").first).to_be_visible()
    assert "Chatter 129" not in bob.texts()
    alice.say("News below")
    bob.page.get_by_role("button", name="Jump to the latest message").click()
    expect(bob.message("News below")).to_be_in_viewport()
    expect(bob.message("hedgehog")).to_have_count(0)


def test_one_conversation_is_searched_for_what_stands_in_its_threads(friends) -> None:
    alice, bob = friends
    alice.say("Dinner?")
    alice.choose("Dinner?", "Reply in thread")
    alice.find("thread-composer").fill("Lasagne with spinach")
    alice.find("thread-composer").press("Enter")
    expect(bob.find("open-thread")).to_have_text("1 reply")

    bob.find("search-here").click()
    bob.find("search-here-field").fill("spinach")
    bob.find("hit").click()

    expect(bob.find("thread").get_by_test_id("message").filter(has_text="Lasagne")).to_be_focused()


def test_threads_and_menus_fit_on_a_phone_and_under_a_keyboard(servers, tab) -> None:
    alice = tab(servers[0].url, f"alice{secrets.token_hex(3)}", width=360, height=640)
    alice.sign_up(servers[0])
    alice.open_group("Notes")
    alice.say("Milk, @all")
    expect(alice.message("Milk")).to_have_attribute("data-status", STORED)

    alice.message("Milk").focus()
    alice.page.keyboard.press("Enter")
    alice.find("menu-react").press("Enter")
    alice.page.keyboard.press("ArrowRight")
    alice.page.keyboard.press("Enter")
    expect(alice.message("Milk")).to_be_focused()
    expect(alice.find("reaction-❤️")).to_have_text("❤️1")
    alice.choose("Milk", "Reply in thread")
    expect(alice.find("thread-composer")).to_be_focused()
    alice.page.keyboard.type("Two litres")
    alice.page.keyboard.press("Enter")

    box = alice.find("thread").bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 360)
    assert alice.find("thread-composer").bounding_box()["height"] >= 40
    alice.page.keyboard.press("Escape")
    expect(alice.message("Milk")).to_be_focused()
    expect(alice.find("open-thread")).to_have_text("1 reply")
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_who_is_on_a_message_stays_there_when_changes_come_in_above_it(servers, tab) -> None:
    alice = tab(servers[0].url, f"alice{secrets.token_hex(3)}")
    alice.sign_up(servers[0])
    alice.open_group("Notes")
    alice.say("Milk")
    expect(alice.message("Milk")).to_have_attribute("data-status", STORED)
    held = []
    alice.page.route("**/log/**", lambda route: held.append(route))
    with alice.page.expect_request("**/log/**"):
        alice.page.reload()
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
