"""The directory shows public data only: no e-mail address, no device, no hidden presence."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import presence, services
from accounts.models import NameWord, User
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


def test_an_address_finds_nobody(sign_in, alice, bob):
    for search in ("alice@example.org", "alice@", "@example.org"):
        assert sign_in(bob).get(f"/api/v1/users/?search={search}").json()["results"] == []


FOUND = [
    ("jose", "José García", True),
    ("garcia", "José García", True),
    ("GARCÍ jo", "José García", True),
    ("lukasz", "Łukasz", True),
    ("Łuk", "Łukasz", True),
    ("o'brien", "Mary O'Brien", True),
    ("obrien", "Mary O’Brien", True),
    ("brien", "Mary O'Brien", True),
    ("小龙", "李小龙", True),
    ("жанна", "Жанна", True),
    ("ЖАН", "Жанна", True),
    ("élodie", "Élodie", True),
    ("ELODIE", "élodie", True),
    ("रा", "मोहित राय", True),
    ("osé", "José García", False),
    ("jose x", "José García", False),
    ("%", "José García", False),
    ("_", "José García", False),
]


@pytest.mark.parametrize(("search", "full_name", "is_found"), FOUND)
def test_people_are_found_by_any_word_of_their_names_everywhere(
    person, sign_in, olga, alice, search, full_name, is_found
):
    carol = person("carol", full_name=full_name)
    group = conversations.create_group(
        alice, name="Friends", description="", member_ids=[carol.id], history="all", members_can_invite=False
    )
    client = sign_in(alice)
    console = Client()
    console.force_login(olga)

    listed = client.get("/api/v1/users/", {"search": search}).json()["results"]
    members = client.get(f"/api/v1/conversations/{group.id}/members/", {"search": search}).json()["results"]
    page = console.get("/admin/accounts/user/", {"q": search}).content.decode()

    assert [one["username"] for one in listed] == [one["user"]["username"] for one in members] == ["carol"] * is_found
    assert ("carol@example.org" in page) == is_found


def test_who_is_called_otherwise_is_found_by_the_new_name_only(person, sign_in, alice):
    carol = person("carol", full_name="Carol Doe")
    services.change_profile(carol, username="member-1", full_name="Member Roe")
    client = sign_in(alice)

    def found(search: str) -> int:
        return len(client.get("/api/v1/users/", {"search": search}).json()["results"])

    assert [found(search) for search in ("carol", "doe", "member", "roe")] == [0, 0, 1, 1]
    User.objects.filter(id=carol.id).update(erase_at=timezone.now())
    services.erase(carol)
    assert not NameWord.objects.filter(user=carol).exists()
