"""Your own profile."""

import pytest

from accounts import hooks
from accounts.models import User
from accounts.tests.test_register import PRIVILEGED
from conftest import PASSWORD

pytestmark = pytest.mark.django_db

URL = "/api/v1/users/me/"


def test_alice_sees_herself(sign_in, alice):
    response = sign_in(alice).get(URL)

    assert response.json() == {
        "id": str(alice.id),
        "username": "alice",
        "full_name": "Alice Adams",
        "avatar_url": None,
        "bio": "",
        "email": "alice@example.org",
        "settings": {"read_receipts": True, "typing": True, "presence": "contacts", "who_can_add_me": "everyone"},
    }


def test_what_is_absent_stays(sign_in, alice):
    client = sign_in(alice)
    client.patch(URL, {"bio": "Hello\nworld", "settings": {"typing": False}})

    response = client.patch(URL, {"settings": {"presence": "nobody"}})

    assert response.status_code == 200
    assert response.json() == client.get(URL).json()
    assert (response.json()["bio"], response.json()["full_name"]) == ("Hello\nworld", "Alice Adams")
    shown = {"read_receipts": True, "typing": False, "presence": "nobody", "who_can_add_me": "everyone"}
    assert response.json()["settings"] == shown


def test_replacing_returns_to_the_defaults_what_is_absent(sign_in, alice):
    client = sign_in(alice)
    client.patch(URL, {"bio": "Hello", "settings": {"typing": False}})

    response = client.put(URL, {"full_name": "Al"})

    assert (response.status_code, response.json()["full_name"], response.json()["bio"]) == (200, "Al", "")
    assert response.json()["settings"]["typing"] is True
    assert response.json()["username"] == "alice"


def test_alice_takes_another_name_and_keeps_it(sign_in, alice, api):
    assert sign_in(alice).patch(URL, {"username": "Alicia"}).json()["username"] == "Alicia"

    assert api.post("/api/v1/auth/login/", {"login": "ALICIA", "password": PASSWORD}).status_code == 200
    assert sign_in(alice).patch(URL, {"username": "ALICIA"}).json()["username"] == "ALICIA"


def test_a_name_of_somebody_else_is_taken(sign_in, alice, bob):
    response = sign_in(alice).patch(URL, {"username": "BOB", "bio": "changed"})

    assert (response.status_code, response.json()["code"]) == (409, "username_taken")
    alice.refresh_from_db()
    assert (alice.username, alice.bio) == ("alice", "")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "a b"}, "username"),
        ({"bio": "x" * 501}, "bio"),
        ({"full_name": 7}, "full_name"),
        ({"settings": {"presence": "friends"}}, "settings.presence"),
        ({"settings": {"typing": "yes"}}, "settings.typing"),
        ({"settings": None}, "settings"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(sign_in, alice, body, field):
    response = sign_in(alice).patch(URL, body)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert response.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("method", ["patch", "put"])
def test_privileged_fields_change_nothing(sign_in, alice, method):
    client = sign_in(alice)
    before = User.objects.values().get(id=alice.id)

    body = {**PRIVILEGED, "email": "evil@example.org", "password": "x"}
    answer = getattr(client, method)(URL, {**body, "full_name": "Alice Adams"})

    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["errors"]} == body.keys()

    assert User.objects.values().get(id=alice.id) == before


def test_others_hear_of_it_in_the_same_transaction(sign_in, alice, monkeypatch):
    heard = []
    monkeypatch.setattr(hooks.person_changed, "_receivers", [heard.append])

    sign_in(alice).patch(URL, {"full_name": "Al"})

    assert [user.full_name for user in heard] == ["Al"]


def test_strangers_have_no_profile_here(api):
    assert [getattr(api, method)(URL).status_code for method in ("get", "patch", "put")] == [401, 401, 401]
