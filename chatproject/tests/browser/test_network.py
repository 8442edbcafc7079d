"""The network goes away and comes back: nothing is missing, nothing is there twice."""

import pytest
from playwright.sync_api import expect

from chatproject.tests.browser.tab import STORED, talk

pytestmark = pytest.mark.browser


def test_what_was_said_meanwhile_on_both_sides_is_there_once(pair, network) -> None:
    alice, bob = pair
    talk(alice, bob)

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


def test_history_is_loaded_while_scrolling_up(people) -> None:
    alice, bob = people("alice", "bob")
    alice.open_direct(bob.name)
    for n in range(120):
        alice.say(f"line {n}")
    expect(alice.find("message").last).to_have_attribute("data-status", STORED)

    bob.reload()
    bob.open_first()
    expect(bob.message("line 119")).to_be_visible()
    for _ in range(40):
        if bob.message("line 0").count():
            break
        bob.find("timeline").hover()
        bob.page.mouse.wheel(0, -2000)
        bob.page.wait_for_timeout(100)

    assert bob.texts() == [f"line {n}" for n in range(120)]
