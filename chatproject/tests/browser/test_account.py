"""People look after their accounts: passwords, profiles, sign-ins, blocking, and going for good."""

import io
import re
import secrets
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from chatproject.tests.browser.tab import PASSWORD, STORED, Tab

pytestmark = pytest.mark.browser

NEW_PASSWORD = "battery staple 8"
LOADED = "image => image.decode().then(() => true, () => false)"


@pytest.fixture
def alice(servers, tab):
    one = tab(servers[0].url, f"alice{secrets.token_hex(3)}")
    one.sign_up(servers[0])
    return one


@pytest.fixture
def bob(servers, tab):
    one = tab(servers[1].url, f"bob{secrets.token_hex(3)}")
    one.sign_up(servers[0])
    return one


def enter(form: Locator, **fields: str) -> None:
    """Fill a form's fields by their names, and send it."""
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("input").last.press("Enter")


def show_picture(one: Tab) -> None:
    """Choose a picture in the open settings, look at it, and take it."""
    one.find("picture-file").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": _picture()})
    one.find("use-picture").click()
    expect(one.page.get_by_text("Your picture was changed.")).to_be_visible()
    expect(one.find("choose-picture")).to_be_focused()


def test_a_forgotten_password_is_replaced_by_a_code_from_the_mail(alice, servers) -> None:
    address = f"{alice.name}@example.org"
    alice.sign_out()
    alice.find("forgot").click()
    enter(alice.find("forgot-form"), email=address)
    form = alice.find("reset-form")
    expect(form).to_contain_text("If there is an account")
    expect(alice.find("resend")).to_be_disabled()

    enter(form, code="000000", new_password="short")
    expect(form.locator(".note.error")).not_to_be_empty()
    enter(form, code=servers[0].code(address), new_password=NEW_PASSWORD)

    expect(alice.find("notice")).to_contain_text("password was changed")
    alice.sign_in(NEW_PASSWORD)


def test_nobody_learns_which_addresses_have_an_account(alice) -> None:
    alice.sign_out()
    alice.find("forgot").click()
    enter(alice.find("forgot-form"), email=f"carol{secrets.token_hex(3)}@example.org")

    expect(alice.find("reset-form")).to_contain_text("If there is an account")


def test_a_changed_password_ends_the_other_sign_ins(alice, servers, tab) -> None:
    elsewhere = tab(servers[1].url, alice.name)
    elsewhere.sign_in()
    alice.open_settings("security")
    form = alice.find("password-form")
    enter(form, current_password="wrong horse 7", new_password=NEW_PASSWORD)
    expect(form).to_contain_text("The password is wrong.")

    enter(form, current_password=PASSWORD, new_password=NEW_PASSWORD)

    expect(form).to_contain_text("Your password was changed")
    expect(elsewhere.find("notice")).to_contain_text("signed out")
    elsewhere.sign_in(NEW_PASSWORD)


def test_an_address_is_changed_by_a_code_that_goes_to_the_new_one(alice, servers) -> None:
    address = f"new-{alice.name}@example.org"
    alice.open_settings("security")
    enter(alice.find("email-form"), new_email=address, password=PASSWORD)
    enter(alice.find("email-code-form"), code=servers[0].code(address))

    expect(alice.find("own-email")).to_contain_text(address)
    expect(alice.find("email-form")).to_contain_text("Your address was changed")


def test_a_sign_in_is_named_and_ended_from_another_browser(alice, servers, tab) -> None:
    elsewhere = tab(servers[1].url, alice.name)
    elsewhere.sign_in()
    alice.open_settings("security")
    expect(alice.find("session")).to_have_count(2)
    other = alice.find("session").and_(alice.page.locator("[data-current=false]"))
    expect(other).to_contain_text(re.compile("Chrome on Linux.*last used"))

    other.get_by_test_id("end-session").click()

    expect(elsewhere.find("notice")).to_contain_text("signed out")
    expect(alice.find("session")).to_have_count(1)
    expect(alice.find("session")).to_contain_text("This device")


def test_all_other_sign_ins_end_at_once(alice, servers, tab) -> None:
    others = [tab(server.url, alice.name) for server in servers]
    for other in others:
        other.sign_in()
    alice.open_settings("security")
    alice.find("end-others").click()
    alice.find("confirm").click()

    for other in others:
        expect(other.find("notice")).to_contain_text("signed out")
    expect(alice.find("session")).to_have_count(1)


def test_a_new_name_and_picture_are_seen_in_the_open_browser_of_somebody_else(alice, bob) -> None:
    alice.open_direct(bob.name)
    alice.say("Look at me")
    bob.open_first()
    expect(bob.message("Look at me")).to_be_visible()

    alice.open_settings("profile")
    show_picture(alice)
    form = alice.find("profile-form")
    enter(form, full_name="Alice in Wonderland", username=alice.name)
    expect(form).to_contain_text("Your profile was saved.")

    expect(bob.page.get_by_role("heading", name="Alice in Wonderland")).to_be_visible()
    for place in (bob.find("conversation-item").first, bob.page.locator(".who"), bob.message("Look at me")):
        expect(place.locator("img")).to_have_count(1)
        assert place.locator("img").evaluate(LOADED)
    expect(alice.find("profile")).to_contain_text("Alice in Wonderland")
    alice.find("remove-picture").click()
    expect(bob.page.locator("img")).to_have_count(0)


def test_initials_stand_where_a_picture_cannot_be_loaded(alice, bob) -> None:
    bob.page.route("**/avatar/**", lambda route: route.abort())
    alice.open_direct(bob.name)
    with bob.page.expect_request("**/avatar/**"):
        alice.open_settings("profile")
        show_picture(alice)

    expect(bob.find("conversation-item").first.locator(".avatar")).to_have_text("A")
    expect(bob.page.locator("img")).to_have_count(0)


def test_what_is_no_picture_is_refused_and_a_taken_name_too(alice, bob) -> None:
    alice.open_settings("profile")
    alice.find("picture-file").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": b"words"})
    expect(alice.page.get_by_text("This file is not a picture")).to_be_visible()

    enter(alice.find("profile-form"), username=bob.name)

    expect(alice.find("profile-form").locator(".note.error, .error[role=alert]").first).not_to_be_empty()
    expect(alice.find("profile")).to_contain_text(alice.name)


def test_privacy_is_kept_as_chosen(alice, bob) -> None:
    alice.open_direct(bob.name)
    alice.say("Here I am")
    bob.open_first()
    expect(bob.find("presence")).to_have_attribute("data-online", "true")

    alice.open_settings("privacy")
    alice.find("setting-typing").uncheck()
    alice.find("setting-presence").select_option("nobody")
    expect(alice.page.get_by_text("Saved.")).to_have_count(2)
    expect(bob.find("presence")).to_have_attribute("data-online", "false")
    alice.reload(is_covered=True)

    alice.open_settings("privacy")
    expect(alice.find("setting-typing")).not_to_be_checked()
    expect(alice.find("setting-read_receipts")).to_be_checked()
    expect(alice.find("setting-presence")).to_have_value("nobody")


def test_blocking_ends_a_direct_conversation_until_it_is_undone(alice, bob) -> None:
    alice.open_direct(bob.name)
    alice.say("Hello")
    bob.open_first()

    alice.find("conversation-menu").click()
    alice.find("block").click()
    alice.find("confirm").click()
    expect(alice.find("blocked-line")).to_contain_text(f"You blocked {bob.name}.")
    expect(alice.find("composer")).to_be_hidden()
    bob.say("Anybody there?")
    expect(bob.message("Anybody there?")).to_have_attribute("data-status", "failed")

    alice.find("blocked-line").get_by_test_id("unblock").click()
    expect(alice.find("composer")).to_be_focused()
    bob.message("Anybody there?").get_by_role("button", name="Try again").click()
    expect(alice.message("Anybody there?")).to_be_visible()


def test_groups_fold_what_blocked_people_write(alice, bob) -> None:
    bob.find("new-group").click()
    bob.find("group-name").fill("Friends")
    bob.find("people-search").fill(alice.name)
    bob.find("person-result").first.click()
    bob.find("submit").click()
    bob.say("Before")
    expect(alice.find("unread-badge")).to_have_text("1")
    alice.open_first()
    alice.choose("Before", f"Block {bob.name}")
    alice.find("confirm").click()
    expect(alice.message("Message from somebody you blocked")).to_have_count(1)
    alice.open_direct(bob.name)

    bob.say("After")
    expect(bob.message("After")).to_have_attribute("data-status", STORED)
    friends = alice.find("conversation-item").filter(has_text="Friends")
    expect(friends).to_contain_text("Message from somebody you blocked")
    expect(alice.find("unread-badge")).to_have_count(0)
    alice.reload()
    friends.get_by_role("link").click()
    expect(alice.message("Message from somebody you blocked")).to_have_count(2)
    assert not alice.page.title().startswith("(")

    alice.find("unfold").last.click()
    expect(alice.message("After")).to_be_visible()
    alice.open_settings("privacy")
    alice.find("blocked-person").get_by_role("button").click()
    expect(alice.find("blocked-person")).to_have_count(0)
    alice.page.keyboard.press("Escape")
    expect(alice.message("Before")).to_be_visible()


def test_settings_work_with_the_keyboard_on_a_phone(servers, tab) -> None:
    alice = tab(servers[0].url, f"alice{secrets.token_hex(3)}", width=360, height=640)
    alice.sign_up(servers[0])
    alice.find("profile").focus()
    alice.page.keyboard.press("Enter")
    alice.page.keyboard.press("Enter")
    expect(alice.find("tab-profile")).to_be_focused()

    for name in ("notifications", "privacy", "security", "account"):
        alice.page.keyboard.press("ArrowRight")
        expect(alice.find(f"tab-{name}")).to_be_focused()
        expect(alice.page.get_by_role("tabpanel")).to_have_attribute("id", f"panel-{name}")
        assert alice.page.evaluate("document.querySelector('.panels').scrollWidth") <= 360
    alice.page.keyboard.press("Escape")

    expect(alice.find("profile")).to_be_focused()


def test_ones_data_is_put_together_and_downloaded(alice) -> None:
    alice.open_settings("account")
    alice.find("export-start").click()
    expect(alice.find("export-state")).to_contain_text("can be downloaded until", timeout=60_000)

    with alice.page.expect_download() as download:
        alice.find("export-link").click()

    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert any(alice.name.encode() in archive.read(name) for name in archive.namelist())


def test_a_deleted_account_is_kept_by_signing_in_again(alice, bob) -> None:
    alice.open_direct(bob.name)
    alice.say("Farewell")
    expect(alice.message("Farewell")).to_have_attribute("data-status", STORED)
    alice.open_settings("account")
    form = alice.find("delete-form")
    enter(form, password="wrong horse 7")
    expect(form).to_contain_text("The password is wrong.")
    expect(alice.find("connection-banner")).to_be_hidden()

    enter(form, password=PASSWORD)

    expect(alice.find("notice")).to_contain_text(re.compile("Your account will be deleted on .* to keep it"))
    alice.reload()
    expect(alice.find("signin-form")).to_be_visible()
    alice.sign_in()
    expect(alice.find("conversation-item").first).to_contain_text(bob.name)


def _picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (300, 200), (200, 80, 40)).save(file, "PNG")
    return file.getvalue()
