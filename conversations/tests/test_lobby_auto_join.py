"""New users join the Lobby once, however their account was created."""

import itertools

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import User
from accounts.tests.at_once import at_once
from conftest import PASSWORD
from conversations import services
from conversations.models import Change, Conversation, Membership
from operations.erasure import erase_person

pytestmark = pytest.mark.django_db(transaction=True)

AUTH = "/api/v1/auth/"
numbers = itertools.count()


@pytest.fixture(autouse=True)
def as_it_comes(settings):
    settings.LOBBY_AUTO_JOIN = True


def newcomer() -> User:
    name = f"member-{next(numbers)}"
    return accounts.create_person(email=f"{name}@example.org", username=name, password=PASSWORD)


def lobby() -> Conversation:
    return Conversation.objects.get(is_lobby=True)


def is_there(user: User) -> bool:
    return Membership.objects.live().filter(conversation__is_lobby=True, user=user).exists()


def by_code(api, mailbox) -> None:
    api.post(f"{AUTH}register/", {"email": "carol@example.org", "username": "carol", "password": PASSWORD})
    assert not Conversation.objects.exists(), "a registration is not a user yet"
    code = mailbox.code("carol@example.org")
    assert api.post(f"{AUTH}verify/", {"email": "carol@example.org", "code": code}).status_code == 200


def without_code(api, mailbox) -> None:
    api.post(f"{AUTH}register/", {"email": "carol@example.org", "username": "carol", "password": PASSWORD})


def as_operator(api, mailbox) -> None:
    accounts.create_operator(email="carol@example.org", username="carol", password=PASSWORD)


@pytest.mark.parametrize("way", [by_code, without_code, as_operator])
def test_every_new_user_joins_the_lobby_and_is_notified_of_mentions_only(api, mailbox, settings, way):
    settings.REQUIRE_EMAIL_VERIFICATION = way is by_code

    way(api, mailbox)

    membership = Membership.objects.live().get(conversation__is_lobby=True)
    assert (membership.user.username, membership.role, membership.notify) == ("carol", "member", "mentions")
    assert lobby().member_count == 1


def test_users_created_in_the_console_join_the_lobby(olga, client):
    client.force_login(olga)
    new = {"email": "bob@example.org", "username": "bob", "password": PASSWORD}
    assert client.post("/admin/accounts/user/add/", new).status_code == 302

    assert is_there(User.objects.get(username="bob"))


@pytest.mark.parametrize("name", ["LOBBY", "LOBBY_AUTO_JOIN"])
def test_with_auto_join_off_no_one_joins_not_even_later(settings, name):
    setattr(settings, name, False)
    early = newcomer()
    setattr(settings, name, True)
    services.ensure_lobby()
    late = newcomer()

    assert [is_there(early), is_there(late)] == [False, True]


def test_switching_the_lobby_off_and_on_keeps_its_members(settings):
    stays, goes = newcomer(), newcomer()
    services.leave(Membership.objects.of(goes, lobby().id))

    settings.LOBBY = False
    services.ensure_lobby()
    assert not Conversation.objects.visible_to(stays).exists()
    settings.LOBBY = True
    services.ensure_lobby()

    assert [is_there(stays), is_there(goes)] == [True, False]
    assert lobby().member_count == 1


def test_signing_in_does_not_bring_back_a_user_who_left(api):
    goes = newcomer()
    services.leave(Membership.objects.of(goes, lobby().id))

    assert api.post(f"{AUTH}login/", {"login": goes.username, "password": PASSWORD}).status_code == 200

    assert not is_there(goes)


def test_an_erased_user_leaves_the_lobby():
    stays, goes = newcomer(), newcomer()
    erase_person.func(str(goes.id))

    assert [is_there(stays), is_there(goes)] == [True, False]
    assert lobby().member_count == 1


def test_simultaneous_first_users_join_the_same_lobby():
    people = at_once(8, newcomer)

    assert all(map(is_there, people))
    assert lobby().member_count == 8


def test_with_a_frozen_lobby_users_sign_up_but_do_not_join():
    newcomer()
    Conversation.objects.update(is_frozen=True)

    assert not is_there(newcomer())


def test_joining_a_large_lobby_is_not_published_and_costs_no_more(settings):
    settings.SMALL_CHANNEL_MEMBERS = 3
    people = [newcomer() for _ in range(3)]
    with CaptureQueriesContext(
        connection,
    ) as third:
        people.append(newcomer())
    entries = Change.objects.count()
    for _ in range(20):
        newcomer()
    with CaptureQueriesContext(connection) as last:
        newcomer()

    assert len(last) < len(third)
    services.leave(Membership.objects.of(people[0], lobby().id))
    assert Change.objects.count() == entries == lobby().seq == 4
