"""The directory shows what is everybody's, and nothing else: no address, no device, no hidden presence."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import presence, services
from accounts.models import User
from conversations import services as conversations

pytestmark = pytest.mark.django_db(transaction=True)

PUBLIC = {"id", "username", "full_name", "avatar_url", "bio", "is_online", "last_seen"}


@pytest.fixture
def alice_hides(alice):
    """alice with all that she keeps to herself: she is online, was seen before, and shows it to nobody."""
    session = services.open_session(alice, device_name="canary phone", address="198.51.100.7")
    services.register_device(session, provider="fcm", token="canary token", name="canary device")
    services.change_profile(alice, presence="nobody")
    User.objects.filter(id=alice.id).update(last_seen_at=timezone.now() - timedelta(hours=1))
    presence.renew([alice.id])
    yield User.objects.get(id=alice.id)
    presence.release(alice.id)


def everything_shown(client, alice, conversation):
    paths = (
        "users/",
        "users/?search=ali",
        f"users/{alice.id}/",
        "users/online/",
        f"conversations/{conversation.id}/members/",
        f"conversations/{conversation.id}/",
        f"conversations/{conversation.id}/log/",
        "conversations/",
        "sync/",
    )
    answers = [client.get(f"/api/v1/{path}") for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    return answers


def test_neither_strangers_nor_friends_see_what_is_hidden(sign_in, alice_hides, bob):
    group = conversations.create_group(
        bob, name="Friends", description="", member_ids=[alice_hides.id], history="all", members_can_invite=False
    )
    shown = b"".join(answer.content for answer in everything_shown(sign_in(bob), alice_hides, group))

    assert b"alice" in shown
    for secret in (b"alice@example.org", b"canary", b"198.51.100.7", b"erase_at", b"password"):
        assert secret not in shown


def test_a_person_shows_seven_things(sign_in, alice_hides, bob):
    client = sign_in(bob)

    (listed,) = client.get("/api/v1/users/?search=alice").json()["results"]
    one = client.get(f"/api/v1/users/{alice_hides.id}/").json()

    assert listed == one
    assert one.keys() == PUBLIC
    assert (one["is_online"], one["last_seen"]) == (None, None)
    assert client.get("/api/v1/users/online/").json()["results"] == []


def test_who_shows_it_is_seen(sign_in, alice_hides, bob):
    services.change_profile(alice_hides, presence="everyone")

    one = sign_in(bob).get(f"/api/v1/users/{alice_hides.id}/").json()

    assert one["is_online"] is True
    assert one["last_seen"]


def test_nobody_is_found_by_an_address(sign_in, alice, bob):
    for search in ("alice@example.org", "alice@", "@example.org"):
        assert sign_in(bob).get(f"/api/v1/users/?search={search}").json()["results"] == []
