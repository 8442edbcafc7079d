"""Blocking: the list, and that only the blocker's own devices get the change."""

import pytest

from accounts import services
from accounts.models import Block, User
from accounts.services import blocks
from accounts.tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/users/me/blocks/"


def url(user):
    return f"/api/v1/users/{user.id}/block/"


def test_alice_blocks_bob_once_and_for_all(sign_in, alice, bob, carol):
    client = sign_in(alice)

    assert [client.put(url(user)).status_code for user in (bob, carol, bob)] == [204, 204, 204]

    assert [one["username"] for one in client.get(LIST).json()["results"]] == ["carol", "bob"]
    assert sign_in(bob).get(LIST).json()["results"] == []


def test_the_list_pages(sign_in, alice, person):
    client, people = sign_in(alice), [person(f"member-{n}") for n in range(5)]
    for one in people:
        client.put(url(one))

    seen, page = [], client.get(f"{LIST}?limit=2").json()
    while True:
        seen += [one["username"] for one in page["results"]]
        if not page["next"]:
            break
        page = client.get(page["next"]).json()

    assert seen == [one.username for one in reversed(people)]


def test_unblocking_undoes_it_and_repeating_is_harmless(sign_in, alice, bob):
    client = sign_in(alice)
    client.put(url(bob))

    assert [client.delete(url(bob)).status_code for _ in range(2)] == [204, 204]
    assert client.get(LIST).json()["results"] == []


def test_only_alices_devices_hear_of_it(alice, bob, publications):
    services.block(alice, bob.id)
    services.block(alice, bob.id)

    assert [(publication.topic, publication.seq, publication.frame) for publication in publications] == [
        (f"p.{alice.id.hex}", 0, b""),
        (f"u.{alice.id.hex}", 1, b""),
    ]


def test_who_is_not_there_cannot_be_blocked(sign_in, alice, bob, olga):
    services.suspend(olga, bob)
    client = sign_in(alice)

    assert client.put(url(alice)).status_code == 400
    assert client.put(url(User())).status_code == 404
    assert client.put(url(bob)).status_code == 404
    assert client.put("/api/v1/users/nonsense/block/").status_code == 404


def test_there_is_an_end_to_it(sign_in, alice, bob, carol, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCKS_PER_PERSON", 1)
    client = sign_in(alice)
    client.put(url(bob))

    assert client.put(url(bob)).status_code == 204
    assert (client.put(url(carol)).status_code, client.put(url(carol)).json()["code"]) == (409, "conflict")


def test_two_people_block_each_other_at_once(alice, bob):
    pairs = [(alice, bob.id), (bob, alice.id)] * 10

    assert at_once(20, lambda: services.block(*pairs.pop())) == [None] * 20
    assert Block.objects.count() == 2


def test_strangers_block_nobody(api, bob):
    assert api.get(LIST).status_code == api.put(url(bob)).status_code == api.delete(url(bob)).status_code == 401
