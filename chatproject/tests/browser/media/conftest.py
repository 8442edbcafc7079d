import pytest
from playwright.sync_api import expect


@pytest.fixture
def pair(people):
    """alice and bob, who look at the conversation they have."""
    alice, bob = people("alice", "bob")
    alice.open_direct(bob.name)
    alice.say("Hello")
    bob.open_first()
    expect(bob.message("Hello")).to_be_visible()
    return alice, bob
