"""Signing in with a password."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher

from accounts import services
from accounts.models import Session, User
from common.errors import Refusal
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/login/"


@pytest.mark.parametrize("login", ["alice", "ALICE", "alice@example.org", " Alice@Example.org "])
def test_alice_signs_in_by_username_or_address(api, alice, login):
    response = api.post(URL, {"login": login, "password": PASSWORD, "device_name": "phone"})

    assert response.status_code == 200
    assert set(response.json()) == {"user", "access", "access_expires_in", "refresh"}
    assert response.json()["access_expires_in"] == 900
    session = Session.objects.get()
    assert (session.user, session.device_name, session.address) == (alice, "phone", "127.0.0.1")


@pytest.mark.parametrize("login", ["alice", "alice@example.org", "nobody", "nobody@example.org", "\u0130@\u0130", "%"])
def test_a_wrong_password_and_an_unknown_account_get_the_same_response(api, alice, login):
    response = api.post(URL, {"login": login, "password": "wrong horse battery"})

    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert response.json()["detail"] == "The login or the password is wrong."
    assert not Session.objects.exists()


def test_an_unconfirmed_address_gets_a_new_code(api, registered, mailbox):
    registered("carol")

    response = api.post(URL, {"login": "carol", "password": PASSWORD})

    assert (response.status_code, response.json()["code"]) == (403, "email_not_verified")
    assert len(mailbox.to("carol@example.org")) == 2
    verified = api.post(
        "/api/v1/auth/verify/", {"email": "carol@example.org", "code": mailbox.code("carol@example.org")}
    )
    assert verified.status_code == 200


def test_it_sends_no_more_codes_than_allowed(api, registered, mailbox):
    registered("carol")

    answers = [api.post(URL, {"login": "carol", "password": PASSWORD}).json()["code"] for _ in range(4)]

    assert set(answers) == {"email_not_verified"}
    assert len(mailbox.to("carol@example.org")) == 3


def test_a_suspension_is_only_revealed_with_the_password(api, alice, olga):
    services.suspend(olga, alice)

    right = api.post(URL, {"login": "alice", "password": PASSWORD})
    wrong = api.post(URL, {"login": "alice", "password": "wrong"})

    assert (right.status_code, right.json()["code"]) == (403, "account_suspended")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")


def test_an_account_meets_the_limit_from_any_address(api, alice, settings):
    settings.RATE_AUTH = "3/m"
    for n in range(3):
        assert api.post(URL, {"login": "alice", "password": "x"}, REMOTE_ADDR=f"1.1.1.{n}").status_code == 401

    response = api.post(URL, {"login": "Alice", "password": PASSWORD}, REMOTE_ADDR="2.2.2.2")

    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
    assert 0 < response.json()["retry_after"] <= 60
    assert response["Retry-After"]


def test_an_address_meets_the_limit_whatever_the_account_and_the_header(api, alice, settings):
    settings.RATE_AUTH_ADDRESS, settings.RATE_REQUESTS = "10/m", "1000/m"

    answers = [
        api.post(
            URL, {"login": f"someone{n}", "password": "x"}, REMOTE_ADDR="1.1.1.1", HTTP_X_FORWARDED_FOR=f"9.9.9.{n}"
        ).status_code
        for n in range(200)
    ]

    assert answers == [401] * 10 + [429] * 190
    elsewhere = api.post(URL, {"login": "alice", "password": PASSWORD}, REMOTE_ADDR="2.2.2.2")
    assert elsewhere.status_code == 200


def test_a_failed_sign_in_costs_two_hashes(alice, registered, settings):
    """Known, waiting, unknown, and known with a registration that waits: counted where passwords are hashed.
    `bench.uniform` compares the times."""
    settings.PASSWORD_HASHERS = ["accounts.tests.test_login.CountingHasher"]
    registered("carol")
    registered("carolyn", email="carol@example.org", password="another long password")
    registered("alicia", email="alice@example.org")
    registered("member-1")
    for user in User.objects.all():
        user.set_password(PASSWORD)
        user.save()

    counts = {}
    for login in ("alice", "alice@example.org", "carol", "carol@example.org", "alicia", "nobody", "nobody@example.org"):
        CountingHasher.hashes = 0
        with pytest.raises(Refusal):
            services.login(login=login, password="wrong")
        counts[login] = CountingHasher.hashes

    assert set(counts.values()) == {2}, counts


class CountingHasher(MD5PasswordHasher):
    algorithm = "counting"
    hashes = 0

    def encode(self, password, salt):
        CountingHasher.hashes += 1
        return super().encode(password, salt)


@pytest.mark.parametrize(
    "body", [{}, {"login": "alice"}, {"login": 1, "password": "x"}, {"login": "", "password": "x"}, []]
)
def test_what_does_not_fit_is_refused(api, body):
    response = api.post(URL, body)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
