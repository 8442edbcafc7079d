"""Somebody writes, or sends files, faster than the limit allows: nothing is lost; the page says what it waits for."""

import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.conftest import ROOMY
from chatproject.tests.browser.tab import STORED
from chatproject.tests.server import Server

pytestmark = pytest.mark.browser


def test_a_message_beyond_the_limit_says_when_it_goes_and_then_goes_by_itself(tab) -> None:
    mark = secrets.token_hex(3)
    with Server(env={**ROOMY, "RATE_MESSAGES": "5/15s"}) as server:
        alice, bob = tab(server.url, f"alice{mark}"), tab(server.url, f"bob{mark}")
        for one in (alice, bob):
            one.sign_up(server)
        alice.open_direct(bob.name)
        for n in range(7):
            alice.say(f"line {n}")

        expect(alice.message("line 5").get_by_test_id("hold-up")).to_contain_text("you are writing too fast")
        expect(alice.message("line 5")).to_have_attribute("data-status", "pending")
        first = alice.find("hold-up").inner_text()
        expect(alice.find("hold-up")).not_to_have_text(first)  # it counts
        expect(alice.message("line 6")).to_have_attribute("data-status", STORED, timeout=30_000)
        expect(alice.find("hold-up")).to_have_count(0)
        bob.open_first()
        expect(bob.message("line 6")).to_be_visible()
        assert bob.texts() == [f"line {n}" for n in range(7)]


def test_a_file_beyond_the_limit_says_when_it_goes_and_then_goes_by_itself(tab) -> None:
    mark = secrets.token_hex(3)
    files = [{"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"words"} for n in range(2)]
    with Server(env={**ROOMY, "RATE_UPLOADS": "1/15s"}) as server:
        alice, bob = tab(server.url, f"alice{mark}"), tab(server.url, f"bob{mark}")
        for one in (alice, bob):
            one.sign_up(server)
        alice.open_direct(bob.name)
        alice.find("files").first.set_input_files(files)

        expect(alice.find("hold-up")).to_have_count(1)
        expect(alice.find("hold-up")).to_contain_text("Sending again in")
        expect(alice.find("hold-up")).to_have_count(0, timeout=30_000)
        alice.say("two files")
        expect(alice.message("two files")).to_have_attribute("data-status", STORED, timeout=30_000)
