"""The network goes away and comes back: nothing is missing, nothing is there twice."""

import secrets

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.proxy import Network
from chatproject.tests.browser.tab import STORED

pytestmark = pytest.mark.browser


def test_what_was_said_meanwhile_on_both_sides_is_there_once(servers, tab) -> None:
    mark = secrets.token_hex(3)
    with Network(servers[0].port) as network:
        alice = tab(network.url, f"alice{mark}")
        bob = tab(servers[1].url, f"bob{mark}")
        for one in (alice, bob):
            one.sign_up(servers[0])
        alice.open_direct(bob.name)
        alice.say("before")
        bob.open_first()
        expect(bob.message("before")).to_be_visible()

        network.cut()
        expect(alice.find("connection-banner")).to_be_visible()
        for n in range(40):
            bob.say(f"meanwhile {n}")
        alice.say("written without a network")
        expect(alice.message("written without")).to_have_attribute("data-status", "pending")
        network.mend()

        expect(bob.message("written without")).to_be_visible(timeout=30_000)
        expect(alice.message("meanwhile 39")).to_be_visible(timeout=30_000)
        bob.say("after")
        expect(alice.message("after")).to_be_visible()
        expected = ["before", *(f"meanwhile {n}" for n in range(40)), "written without a network", "after"]
        assert bob.texts() == expected
        assert alice.texts() == expected


def test_history_is_loaded_while_scrolling_up(servers, tab) -> None:
    mark = secrets.token_hex(3)
    alice, bob = (tab(server.url, f"{name}{mark}") for server, name in zip(servers, ("alice", "bob"), strict=True))
    for one in (alice, bob):
        one.sign_up(servers[0])
    alice.open_direct(bob.name)
    for n in range(120):
        alice.say(f"line {n}")
    expect(alice.find("message").last).to_have_attribute("data-status", STORED)

    bob.page.reload()
    bob.open_first()
    expect(bob.message("line 119")).to_be_visible()
    for _ in range(40):
        if bob.message("line 0").count():
            break
        bob.find("timeline").hover()
        bob.page.mouse.wheel(0, -2000)
        bob.page.wait_for_timeout(100)

    assert bob.texts() == [f"line {n}" for n in range(120)]
