"""Whoever becomes a usable account is in the Lobby, by whichever way; nobody is put there twice."""

import itertools

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import User
from accounts.tests.at_once import at_once
from chatproject.erasure import erase_person
from conftest import PASSWORD
from conversations import services
from conversations.models import Change, Conversation, Membership

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
    api.post(f"{AUTH}register/", {"email": "dave@example.org", "username": "dave", "password": PASSWORD})
    assert not Conversation.objects.exists(), "a registration is nobody yet"
    code = mailbox.code("dave@example.org")
    assert api.post(f"{AUTH}verify/", {"email": "dave@example.org", "code": code}).status_code == 200


def without_code(api, mailbox) -> None:
    api.post(f"{AUTH}register/", {"email": "dave@example.org", "username": "dave", "password": PASSWORD})


def as_operator(api, mailbox) -> None:
    accounts.create_operator(email="dave@example.org", username="dave", password=PASSWORD)


@pytest.mark.parametrize("way", [by_code, without_code, as_operator])
def test_every_way_leads_into_the_lobby_told_of_mentions_only(api, mailbox, settings, way):
    settings.REQUIRE_EMAIL_VERIFICATION = way is by_code

    way(api, mailbox)

    there = Membership.objects.live().get(conversation__is_lobby=True)
    assert (there.user.username, there.role, there.notify) == ("dave", "member", "mentions")
    assert lobby().member_count == 1


def test_from_the_console_too(olga, client):
    client.force_login(olga)
    new = {"email": "bob@example.org", "username": "bob", "password": PASSWORD}
    assert client.post("/admin/accounts/user/add/", new).status_code == 302

    assert is_there(User.objects.get(username="bob"))


@pytest.mark.parametrize("name", ["LOBBY", "LOBBY_AUTO_JOIN"])
def test_where_it_is_switched_off_nobody_is_put_there_not_even_later(settings, name):
    setattr(settings, name, False)
    early = newcomer()
    setattr(settings, name, True)
    services.ensure_lobby()
    late = newcomer()

    assert [is_there(early), is_there(late)] == [False, True]


def test_switched_off_and_on_again_everybody_is_where_they_were(settings):
    stays, goes = newcomer(), newcomer()
    services.leave(Membership.objects.of(goes, lobby().id))

    settings.LOBBY = False
    services.ensure_lobby()
    assert not Conversation.objects.visible_to(stays).exists()
    settings.LOBBY = True
    services.ensure_lobby()

    assert [is_there(stays), is_there(goes)] == [True, False]
    assert lobby().member_count == 1


def test_who_has_left_is_not_brought_back_by_signing_in(api):
    goes = newcomer()
    services.leave(Membership.objects.of(goes, lobby().id))

    assert api.post(f"{AUTH}login/", {"login": goes.username, "password": PASSWORD}).status_code == 200

    assert not is_there(goes)


def test_an_erased_account_leaves_it():
    stays, goes = newcomer(), newcomer()
    erase_person.func(str(goes.id))

    assert [is_there(stays), is_there(goes)] == [True, False]
    assert lobby().member_count == 1


def test_of_several_who_are_the_first_all_are_in_the_same_one():
    people = at_once(8, newcomer)

    assert all(map(is_there, people))
    assert lobby().member_count == 8


def test_a_frozen_lobby_takes_nobody_in_and_keeps_nobody_from_signing_up():
    newcomer()
    Conversation.objects.update(is_frozen=True)

    assert not is_there(newcomer())


def test_in_a_large_one_nobody_is_told_and_it_costs_no_more(settings):
    settings.SMALL_CHANNEL_MEMBERS = 3
    people = [newcomer() for _ in range(3)]
    with CaptureQueriesContext(
        connection,
    ) as third:
        people.append(newcomer())
    places = Change.objects.count()
    for _ in range(20):
        newcomer()
    with CaptureQueriesContext(connection) as last:
        newcomer()

    assert len(last) < len(third)
    services.leave(Membership.objects.of(people[0], lobby().id))
    assert Change.objects.count() == places == lobby().seq == 4
