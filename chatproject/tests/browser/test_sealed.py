"""End to end in real browsers: what people write is read by their devices, and stands nowhere at the server."""

import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.holdings import holds
from chatproject.tests.browser.proxy import Wiretap
from chatproject.tests.browser.tab import PASSWORD, STORED
from media.tests import files

pytestmark = pytest.mark.browser
PASSPHRASE = "nine tall trees 2026"
PKCS8 = "ANBgkqhkiG9w0BAQEFAASCB"
"""Stands in every private RSA key as base64url, and in no public one."""
AGE = """
from datetime import timedelta
from django.db.models import F
from accounts.models import Session
Session.objects.update(created_at=F("created_at") - timedelta(minutes=20))
"""
"""Makes all sign-ins twenty minutes older."""
ANOTHER_PAST = """
from datetime import timedelta
from encryption.models import KeyChange
from encryption.services.directory import hash_of
line = KeyChange.objects.get(user__username="{name}", number=1)
line.at += timedelta(seconds=1)
line.hash = hash_of(line, "")
line.save()
"""
"""Writes another line in the place of the first of somebody's key log."""
SLOW_STORAGE = """
const opened = new Promise((resolve) => (window.openStorage = resolve));
const open = indexedDB.open.bind(indexedDB);
IDBFactory.prototype.open = (...given) => {
  const request = open(...given);
  const set = (take) => request.addEventListener("success", () => opened.then(take));
  return Object.defineProperty(request, "onsuccess", { set });
};
"""
"""Keeps the storage of keys shut until `openStorage()`."""
PICTURE = files.two_halves(size=(80, 60))


@pytest.fixture
def canary() -> str:
    """Words that must not be found at the server."""
    return f"the bird {secrets.token_hex(6)} sings"


@pytest.fixture
def pair(servers, tab):
    """alice and bob, signed up, and devices; where there are two processes each is on another one."""
    mark = secrets.token_hex(3)
    people = [tab(server.url, f"{name}{mark}") for server, name in zip(servers, ("alice", "bob"), strict=True)]
    for one in people:
        enter(one, lambda one=one: one.sign_up(servers[0]))
    return people


def enter(one, deed) -> None:
    """Sign up or in, and wait until this browser has shown its keys."""
    is_shown = lambda answer: answer.url.endswith("/encryption/devices/") and answer.request.method == "POST"  # noqa: E731
    with one.page.expect_response(is_shown, timeout=90_000):  # primes take their time on a busy machine
        deed()


def test_they_write_read_edit_reply_and_delete(servers, pair, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    expect(alice.page.locator("h1").get_by_test_id("lock")).to_be_visible()

    alice.say(f"one {canary}")
    expect(alice.message(f"one {canary}")).to_have_attribute("data-status", STORED)
    expect(bob.find("conversation-item").first).to_contain_text(canary)
    bob.open_first()
    expect(bob.message(f"one {canary}")).to_be_visible()
    bob.choose(canary, "Reply")
    bob.say(f"@{alice.name} two {canary}")
    reply = alice.message(f"two {canary}")
    expect(reply.locator(".quote")).to_contain_text(f"one {canary}")
    expect(reply.get_by_test_id("my-mention")).to_have_text(f"@{alice.name}")
    bob.choose("two", "Edit")
    bob.say(f"three {canary}")
    expect(alice.message(f"three {canary}")).to_contain_text("edited")
    alice.message("three").get_by_test_id("edited").click()
    expect(alice.find("past")).to_contain_text(f"two {canary}")
    alice.page.keyboard.press("Escape")
    alice.reload()
    expect(alice.message(f"three {canary}").locator(".quote")).to_contain_text(f"one {canary}")
    bob.choose("three", "Delete")
    bob.find("confirm").click()
    expect(alice.message("Message deleted")).to_be_visible()

    assert holds(servers[0], canary) == []
    assert holds(servers[0], alice.name) == [alice.name], "it would be found"


def test_files_arrive_under_their_names_and_the_server_has_bytes(servers, pair, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    note = {"name": f"{canary}.txt", "mimeType": "text/plain", "buffer": f"dear bob, {canary}".encode()}

    alice.find("files").set_input_files([note, {"name": "cat.png", "mimeType": "image/png", "buffer": PICTURE}])
    alice.say(f"look {canary}")

    bob.open_first()
    expect(bob.message(f"look {canary}").get_by_test_id("image").locator("img")).to_have_js_property("naturalWidth", 80)
    with bob.page.expect_download() as saved:
        bob.message(f"look {canary}").get_by_test_id("file").click()
    assert saved.value.suggested_filename == f"{canary}.txt"
    assert saved.value.path().read_text() == f"dear bob, {canary}"
    alice.choose("look", "Edit")
    alice.say(f"see {canary}")
    expect(bob.message(f"see {canary}").get_by_test_id("file")).to_contain_text(canary)
    bob.message(f"see {canary}").get_by_test_id("image").click()
    expect(bob.find("shown")).to_have_js_property("naturalWidth", 80)
    assert holds(servers[0], canary, "cat.png") == []


def test_a_new_device_reads_from_then_on_and_everybody_is_told(servers, pair, tab, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"before {canary}")
    expect(alice.message("before")).to_have_attribute("data-status", STORED)

    phone = tab(servers[0].url, bob.name, width=390, height=780)
    enter(phone, phone.sign_in)

    expect(alice.find("timeline")).to_contain_text(f"{bob.name} added a new device")
    expect(alice.find("sealed-notice")).to_contain_text(f"{bob.name} added a new device")
    phone.open_first()
    expect(phone.find("unopened")).to_have_text("Sealed before this device was there")
    expect(phone.find("sealed-notice")).to_contain_text("This device reads from now on")
    alice.say(f"after {canary}")
    expect(phone.message(f"after {canary}")).to_be_visible()
    alice.page.reload()
    expect(alice.find("sealed-notice")).to_contain_text(f"{bob.name} added a new device")
    alice.find("sealed-ok").click()
    expect(alice.find("sealed-notice")).to_be_hidden()
    alice.page.reload()
    expect(alice.message(f"after {canary}")).to_be_visible()
    expect(alice.find("sealed-notice")).to_be_hidden()
    assert holds(servers[0], canary) == []


def test_a_device_added_to_ones_own_account_warns_until_one_has_said_whose_it_is(servers, pair, tab, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"before {canary}")
    expect(alice.message("before")).to_have_attribute("data-status", STORED)
    compare(alice)

    phone = tab(servers[0].url, alice.name, width=390, height=780)
    enter(phone, phone.sign_in)

    expect(alice.find("sealed-notice")).to_contain_text("A new device was added to your account")
    alice.say(f"meanwhile {canary}")
    expect(alice.message("meanwhile")).to_have_attribute("data-status", "pending")
    expect(alice.message("meanwhile")).to_contain_text("Nothing is sent until you decide")
    alice.page.reload()
    expect(alice.message(f"meanwhile {canary}")).to_contain_text("Nothing is sent until you decide")
    expect(alice.find("sealed-notice")).to_contain_text("A new device was added to your account")
    alice.find("sealed-devices").click()
    expect(alice.find("session")).to_have_count(2)
    alice.page.keyboard.press("Escape")
    phone.open_first()
    expect(phone.message("meanwhile")).to_have_count(0)
    assert holds(servers[0], canary) == []

    alice.find("sealed-ok").click()
    expect(alice.message("meanwhile")).to_have_attribute("data-status", STORED)
    expect(alice.find("sealed-notice")).to_be_hidden()
    expect(phone.message(f"meanwhile {canary}")).to_be_visible()
    expect(phone.find("timeline")).not_to_contain_text(f"before {canary}")


def test_a_device_of_ones_own_that_is_signed_out_lets_the_message_go_without_it(servers, pair, tab, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    compare(alice)
    thief = tab(servers[0].url, alice.name)
    enter(thief, thief.sign_in)
    expect(alice.find("sealed-notice")).to_contain_text("A new device was added to your account")
    alice.say(f"secret {canary}")
    expect(alice.message("secret")).to_contain_text("Nothing is sent until you decide")

    alice.find("sealed-devices").click()
    alice.find("end-session").click()
    expect(alice.find("session")).to_have_count(1)
    alice.page.keyboard.press("Escape")

    bob.open_first()
    expect(bob.message(f"secret {canary}")).to_be_visible()
    alice.choose(f"secret {canary}", "Sealed for…")
    expect(alice.find("recipient").filter(has_text="(you)")).to_contain_text("1 device")


def test_nothing_is_sealed_for_a_new_device_of_whom_one_has_compared_before_the_answer(
    servers, pair, tab, canary
) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"before {canary}")
    bob.open_first()
    compare(alice)

    phone = tab(servers[0].url, bob.name, width=390, height=780)
    enter(phone, phone.sign_in)
    expect(alice.find("sealed-notice")).to_contain_text(f"{bob.name} added a new device")
    for text in ("one", "two"):
        alice.say(f"{text} {canary}")
        expect(alice.message(f"{text} {canary}")).to_contain_text("Nothing is sent until you decide")
    alice.find("sealed-discard").click()
    expect(alice.message(f"one {canary}")).to_have_count(0)
    alice.say(f"three {canary}")
    expect(alice.message(f"three {canary}")).to_have_attribute("data-status", "pending")
    expect(bob.message(f"before {canary}")).to_be_visible()
    expect(bob.message(f"three {canary}")).to_have_count(0)

    alice.find("sealed-ok").click()
    expect(alice.find("sealed-notice")).to_be_hidden()
    phone.open_first()
    for one in (bob, phone):
        expect(one.message(f"three {canary}")).to_be_visible()
        expect(one.message(f"one {canary}")).to_have_count(0)
    assert holds(servers[0], canary) == []


def test_who_is_removed_reads_nothing_more(servers, pair, tab, canary) -> None:
    alice, bob = pair
    carol = tab(servers[0].url, f"carol{secrets.token_hex(3)}")
    enter(carol, lambda: carol.sign_up(servers[0]))
    alice.open_group("Three", bob.name, carol.name, encrypted=True)
    alice.say(f"for three {canary}")
    for one in (bob, carol):
        one.open_first()
        expect(one.message(f"for three {canary}")).to_be_visible()

    alice.find("members").click()
    alice.find("member").filter(has_text=carol.name).get_by_test_id("member-menu").click()
    alice.find("remove-member").click()
    alice.find("confirm").click()
    expect(alice.find("member")).to_have_count(2)
    alice.page.keyboard.press("Escape")
    alice.say(f"for two {canary}")

    expect(bob.message(f"for two {canary}")).to_be_visible()
    expect(carol.find("conversation-item")).to_have_count(0)
    alice.choose(f"for two {canary}", "Sealed for…")
    expect(alice.find("recipient")).to_have_count(2)
    expect(alice.find("recipients")).not_to_contain_text(carol.name)
    assert holds(servers[0], canary) == []


def test_people_compare_their_keys_and_are_warned_when_they_change(servers, pair, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"hello {canary}")
    bob.open_first()
    numbers = []
    for one in pair:
        one.choose_here("menu-verify")
        numbers.append(one.find("safety-number").get_attribute("aria-label"))
        expect(one.find("own-fingerprints").locator("li")).to_contain_text("This device")
        one.page.keyboard.press("Escape")
        compare(one)
    assert numbers[0] == numbers[1]

    make_backup(bob)

    expect(alice.find("timeline")).to_contain_text(f"{bob.name}'s keys have changed")
    expect(alice.find("sealed-notice")).to_contain_text(f"{bob.name}'s keys have changed")
    alice.find("sealed-verify").click()
    expect(alice.find("verify")).to_contain_text("It has changed since you compared it")
    expect(alice.find("compared")).not_to_be_checked()
    assert alice.find("safety-number").get_attribute("aria-label") != numbers[0]
    alice.find("compared").check()
    alice.page.keyboard.press("Escape")
    expect(alice.find("sealed-notice")).to_be_hidden()
    alice.say(f"again {canary}")
    expect(bob.message(f"again {canary}")).to_be_visible()
    expect(bob.message(f"hello {canary}")).to_be_visible()
    assert holds(servers[0], canary, PASSPHRASE) == []


def test_a_backup_brings_the_history_to_another_browser(servers, pair, tab, canary) -> None:
    alice, bob = pair
    make_backup(bob)
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"long ago {canary}")
    expect(alice.message("long ago")).to_have_attribute("data-status", STORED)

    other = tab(servers[0].url, bob.name)
    enter(other, other.sign_in)
    other.open_first()
    expect(other.find("unopened")).to_be_visible()
    other.find("sealed-restore").click()
    form = other.find("restore-form")
    form.get_by_label("Passphrase").fill("not the passphrase")
    form.get_by_role("button", name="Restore").click()
    expect(form).to_contain_text("This is not the passphrase of the backup")
    form.get_by_label("Passphrase").fill(PASSPHRASE)
    form.get_by_role("button", name="Restore").click()
    expect(other.message(f"long ago {canary}")).to_be_visible()
    other.find("join-backup").click()
    expect(other.find("join-backup")).to_have_count(0)
    other.reload()
    expect(other.message(f"long ago {canary}")).to_be_visible()
    bob.sign_out()
    alice.say(f"for the other {canary}")
    expect(other.message(f"for the other {canary}")).to_be_visible()

    third = tab(servers[0].url, bob.name)
    enter(third, third.sign_in)
    third.open_first()
    third.find("sealed-restore").click()
    third.find("restore-form").get_by_label("Passphrase").fill(PASSPHRASE)
    third.find("restore-form").get_by_role("button", name="Restore").click()
    expect(third.message(f"long ago {canary}")).to_be_visible()
    expect(third.message(f"for the other {canary}")).to_be_visible()
    assert holds(servers[0], canary, PASSPHRASE) == []


def test_a_backup_is_changed_and_deleted(servers, pair) -> None:
    alice, _ = pair
    make_backup(alice)
    run(servers[0], AGE)
    alice.page.reload()
    alice.open_settings("security")
    alice.find("backup-password").get_by_label("Password").fill(PASSWORD)
    alice.find("backup-password").get_by_role("button", name="Continue").click()
    alice.find("backup-change").click()
    form = alice.find("backup-change-form")
    form.get_by_label("Present passphrase").fill(PASSPHRASE)
    form.get_by_label("New passphrase").fill(f"{PASSPHRASE} two")
    form.get_by_role("button", name="Change passphrase").click()
    expect(alice.find("backup")).to_contain_text("The passphrase was changed")
    alice.find("backup-end").click()
    alice.find("confirm").click()
    expect(alice.find("backup")).to_contain_text("The backup was deleted")
    assert holds(servers[0], PASSPHRASE) == []


def test_a_server_that_exchanges_keys_is_found_out(servers, pair, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"hello {canary}")
    bob.open_first()
    expect(bob.message(f"hello {canary}")).to_be_visible()

    run(servers[0], ANOTHER_PAST.format(name=bob.name))
    alice.page.reload()

    expect(alice.find("sealed-notice")).to_contain_text(f"{bob.name}: The server shows keys that contradict")
    expect(alice.message(f"hello {canary}")).to_be_visible()
    alice.say(f"secret {canary}")
    expect(alice.message(f"secret {canary}")).to_have_attribute("data-status", "failed")
    assert holds(servers[0], canary) == []


def test_a_browser_without_keys_says_so_and_offers_nothing(servers, pair, tab, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"hello {canary}")
    expect(alice.message("hello")).to_have_attribute("data-status", STORED)

    old = tab("about:blank", bob.name)
    old.page.add_init_script("Object.defineProperty(window, 'indexedDB', {value: undefined})")
    old.page.goto(servers[0].url)
    old.sign_in()
    old.find("conversation-item").first.get_by_role("link").click()

    expect(old.find("unopened")).to_have_text("This browser cannot open it")
    expect(old.find("read-only")).to_contain_text("This browser can keep no keys")
    expect(old.find("composer")).to_be_hidden()
    old.choose_here("menu-verify")
    expect(old.find("verify")).to_contain_text("This browser can keep no keys")
    old.page.keyboard.press("Escape")
    old.find("new-direct").click()
    expect(old.find("people-search")).to_be_visible()
    expect(old.find("encrypted")).to_be_hidden()


def test_a_browser_whose_keys_take_long_to_open_is_not_taken_for_one_without(servers, pair) -> None:
    alice, _ = pair
    alice.page.add_init_script(SLOW_STORAGE)
    alice.page.reload()
    alice.find("new-direct").click()
    expect(alice.find("people-search")).to_be_visible()
    expect(alice.find("encrypted")).to_be_hidden()
    alice.page.keyboard.press("Escape")
    alice.open_settings("security")
    expect(alice.find("backup")).to_have_text("Looking…")

    alice.page.evaluate("window.openStorage()")
    expect(alice.find("backup-form")).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.find("new-direct").click()
    expect(alice.find("encrypted")).to_be_visible()


def compare(one) -> None:
    """Say that the safety number of the open conversation was compared."""
    one.choose_here("menu-verify")
    one.find("compared").check()
    one.page.keyboard.press("Escape")


def run(server, code: str) -> None:
    """Run code in the server's shell."""
    done = server.run("shell", "-c", code)
    assert done.returncode == 0, done.stderr


def make_backup(one) -> None:
    """Have a backup under the passphrase."""
    one.open_settings("security")
    form = one.find("backup-form")
    form.get_by_label("Passphrase").fill(PASSPHRASE)
    form.get_by_label("The same again").fill(PASSPHRASE)
    form.get_by_role("button", name="Make a backup").click()
    expect(one.find("backup")).to_contain_text("You have a backup now")
    one.page.keyboard.press("Escape")


def test_whoever_listens_to_the_network_hears_nothing_of_it(servers, tab, canary, tmp_path) -> None:
    mark = secrets.token_hex(3)
    with Wiretap(servers[0].port) as wire:
        alice, bob = (tab(wire.url, f"{name}{mark}") for name in ("alice", "bob"))
        for one in (alice, bob):
            enter(one, lambda one=one: one.sign_up(servers[0]))
        make_backup(bob)
        alice.open_direct(bob.name, encrypted=True)
        alice.say(f"one {canary}")
        bob.open_first()
        expect(bob.message(f"one {canary}")).to_be_visible()
        bob.choose(canary, "Reply")
        bob.say(f"two {canary}")
        expect(alice.message(f"two {canary}")).to_be_visible()
        note = {"name": f"{canary}.txt", "mimeType": "text/plain", "buffer": f"dear bob, {canary}".encode()}
        alice.find("files").set_input_files([note])
        alice.say(f"three {canary}")
        expect(bob.message(f"three {canary}").get_by_test_id("file")).to_contain_text(canary)
        heard = wire.heard

    assert b"message.send" in heard, "what went over the sockets was heard"
    assert b'"ciphertext"' in heard
    assert b"encryption/backup/" in heard
    assert [secret for secret in (canary, PASSPHRASE, PKCS8) if secret.encode() in heard] == []
    assert holds(servers[0], canary, PASSPHRASE, PKCS8) == []
    exported = servers[0].run("export_data", "--all", str(tmp_path / "all"))
    assert exported.returncode == 0, exported.stderr
    lines = b"".join(path.read_bytes() for path in (tmp_path / "all").rglob("*") if path.is_file())
    assert b"ciphertext" in lines, "what a backup packs are these lines, envelopes and all"
    assert [secret for secret in (canary, PASSPHRASE, PKCS8) if secret.encode() in lines] == []
