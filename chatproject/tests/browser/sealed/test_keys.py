"""Keys are compared, exchanged ones are found out, and a backup brings them to another browser."""

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.holdings import holds
from chatproject.tests.browser.sealed.keys import PASSPHRASE, compare, enter, make_backup
from chatproject.tests.browser.tab import PASSWORD, STORED

pytestmark = pytest.mark.browser
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
from encryption.services.directory import line_hash
line = KeyChange.objects.get(user__username="{name}", number=1)
line.at += timedelta(seconds=1)
line.hash = line_hash(line, "")
line.save()
"""
"""Writes another line in the place of the first of somebody's key log."""


def run(server, code: str) -> None:
    """Run code in the server's shell."""
    done = server.run("shell", "-c", code)
    assert done.returncode == 0, done.stderr


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


def test_a_server_that_exchanges_keys_is_found_out(servers, pair, canary) -> None:
    alice, bob = pair
    alice.open_direct(bob.name, encrypted=True)
    alice.say(f"hello {canary}")
    bob.open_first()
    expect(bob.message(f"hello {canary}")).to_be_visible()

    run(servers[0], ANOTHER_PAST.format(name=bob.name))
    alice.reload()

    expect(alice.find("sealed-notice")).to_contain_text(f"{bob.name}: The server shows keys that contradict")
    expect(alice.message(f"hello {canary}")).to_be_visible()
    alice.say(f"secret {canary}")
    expect(alice.message(f"secret {canary}")).to_have_attribute("data-status", "failed")
    assert holds(servers[0], canary) == []


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
    alice.reload()
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
