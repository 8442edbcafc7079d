"""End to end in real browsers: what people write is read by their devices, and stands nowhere at the server."""

import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.holdings import holds
from chatproject.tests.browser.proxy import Wiretap
from chatproject.tests.browser.sealed.keys import PASSPHRASE, enter, make_backup
from chatproject.tests.browser.tab import STORED
from media.tests import files

pytestmark = pytest.mark.browser
PKCS8 = "ANBgkqhkiG9w0BAQEFAASCB"
"""Stands in every private RSA key as base64url, and in no public one."""
PICTURE = files.two_halves(size=(80, 60))


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

    alice.find("files").set_input_files([note, {"name": f"{canary}.png", "mimeType": "image/png", "buffer": PICTURE}])
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
