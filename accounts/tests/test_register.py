"""Registering."""

import re

import pytest

from accounts import services
from accounts.models import OneTime, Registration, RestingName, Session, User
from accounts.services import one_time
from accounts.tests.at_once import at_once
from common.clock import now
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

URL, VERIFY = "/api/v1/auth/register/", "/api/v1/auth/verify/"
CAROL = {"email": "carol@example.org", "username": "carol", "password": PASSWORD, "full_name": "Carol Dee"}
PRIVILEGED = {
    **{f"is_{name}": True for name in ("staff", "superuser", "active", "verified", "admin", "operator")},
    **dict.fromkeys(("admin", "staff", "superuser", "email_verified", "role", "roles"), True),
    **dict.fromkeys(("id", "seq", "username_key", "avatar_url", "token", "groups", "permissions"), "x"),
    **dict.fromkeys(("email_verified_at", "created_at", "last_seen_at", "last_login"), "2020-01-01T00:00:00Z"),
    **dict.fromkeys(("user_permissions", "sessions"), (1,)),
}


def test_carol_registers_and_gets_a_code(api, mailbox):
    response = api.post(URL, CAROL)

    assert response.status_code == 201
    said = response.json()["verification"]
    assert Registration.objects.get().id.hex == said.pop("registration").replace("-", "")
    assert said.pop("reference") in mailbox.to("carol@example.org")[0].body
    assert said == {"email": "carol@example.org", "expires_in": 600, "resend_after": 0}
    assert len(mailbox.code("carol@example.org")) == 6
    assert '"carol"' in mailbox.to("carol@example.org")[0].body
    assert not User.objects.exists()


def test_carol_cannot_be_found_or_sign_in_before_she_confirms(api, registered):
    registered("carol")

    assert not User.objects.active().filter(username="carol").exists()
    login = api.post("/api/v1/auth/login/", {"login": "carol", "password": PASSWORD})
    assert (login.status_code, login.json()["code"]) == (403, "email_not_verified")


def test_a_known_address_gets_the_same_response_and_its_owner_a_mail(api, alice, mailbox):
    unknown = api.post(URL, CAROL)
    known = api.post(URL, {**CAROL, "email": "Alice@Example.org", "username": "olga"})

    assert known.status_code == unknown.status_code
    own = dict.fromkeys(("email", "registration", "reference"))
    assert known.json()["verification"] | own == unknown.json()["verification"] | own
    assert "already" in mailbox.to("alice@example.org")[0].subject
    alice.refresh_from_db()
    assert (alice.username, alice.check_password(PASSWORD)) == ("alice", True)


def test_trying_a_name_twice_does_not_reveal_known_addresses(api, alice):
    """Known and unknown address, each with a name of its own; then others ask for the names."""
    api.post(URL, {**CAROL, "email": "alice@example.org", "username": "chosen-one"})
    api.post(URL, {**CAROL, "email": "nobody@example.org", "username": "chosen-two"})

    answers = [
        api.post(URL, {**CAROL, "email": f"other-{name}@example.org", "username": name}).json()["code"]
        for name in ("chosen-one", "chosen-two")
    ]

    assert answers == ["username_taken", "username_taken"]


def test_signing_in_after_registering_does_not_reveal_known_addresses(api, alice):
    """The password of the registration, by address and by name."""
    mine = "another horse battery"
    api.post(URL, {**CAROL, "email": "alice@example.org", "username": "one", "password": mine})
    api.post(URL, {**CAROL, "email": "nobody@example.org", "username": "two", "password": mine})

    def login(login, password):
        return api.post("/api/v1/auth/login/", {"login": login, "password": password}).json().get("code")

    assert login("alice@example.org", mine) == login("nobody@example.org", mine) == "email_not_verified"
    assert login("alice@example.org", "wrong") == login("nobody@example.org", "wrong") == "invalid_credentials"
    assert login("one@", mine) == login("two@", mine) == "invalid_credentials"
    assert login("alice@example.org", PASSWORD) is None


def test_a_registration_for_a_known_address_is_never_completed(api, alice, mailbox):
    """Not even by whoever guesses the code, which nobody is sent."""
    for name in ("first", "second", "third"):
        api.post(URL, {**CAROL, "email": "alice@example.org", "username": name})
    assert not any(re.search(r"\b\d{6}\b", mail.body) for mail in mailbox.to("alice@example.org"))
    row = OneTime.objects.first()
    OneTime.objects.filter(id=row.id).update(secret_hash=one_time.code_hash(row, row.address, "123456"))

    answer = api.post(VERIFY, {"email": "alice@example.org", "code": "123456"})

    assert answer.json()["code"] == "code_invalid"
    assert [user.username for user in User.objects.all()] == ["alice"]


def test_a_taken_username_is_refused_whatever_its_writing(api, alice):
    for username in ("alice", "ALICE", "\uff41\uff4c\uff49\uff43\uff45"):
        response = api.post(URL, {**CAROL, "username": username})
        assert (response.status_code, response.json()["code"]) == (409, "username_taken")

    assert api.post(URL, CAROL).status_code == 201


def test_who_registers_again_may_enter_either_code(api, registered, mailbox):
    registered("carol")
    old = mailbox.code("carol@example.org")
    registered("caroline", email="carol@example.org", password="a newer horse battery")

    done = api.post(VERIFY, {"email": "carol@example.org", "code": old})

    assert done.json()["user"]["username"] == "carol"
    assert login(api, "carol", PASSWORD).status_code == 200
    assert login(api, "caroline", "a newer horse battery").json()["code"] == "invalid_credentials"


def test_a_name_is_held_for_a_day_until_it_is_confirmed(api, registered, bob, sign_in):
    registered("carol")
    assert api.post(URL, {**CAROL, "email": "caroline@example.org"}).json()["code"] == "username_taken"
    assert sign_in(bob).patch("/api/v1/users/me/", {"username": "carol"}).json()["code"] == "username_taken"

    RestingName.objects.update(until=now())

    assert api.post(URL, {**CAROL, "email": "caroline@example.org"}).status_code == 201


def test_a_name_taken_meanwhile_is_refused_with_its_code(api, registered, mailbox):
    registered("carol")
    RestingName.objects.update(until=now())
    registered("carol", email="caroline@example.org")

    late = api.post(VERIFY, {"email": "carol@example.org", "code": mailbox.code("carol@example.org")})

    assert (late.status_code, late.json()["code"]) == (409, "username_taken")
    assert (
        api.post(VERIFY, {"email": "caroline@example.org", "code": mailbox.code("caroline@example.org")}).status_code
        == 200
    )


def login(api, name, password):
    return api.post("/api/v1/auth/login/", {"login": name, "password": password})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "carol"),
        ("email", "carol@example.org, member-1@example.org"),
        ("email", "carol@example.org\nbcc: member-1@example.org"),
        ("email", 7),
        ("username", "da"),
        ("username", "d" * 33),
        ("username", "carol dee"),
        ("username", "carol@home"),
        ("username", "admin"),
        ("username", None),
        ("password", "short"),
        ("password", "1234567890123"),
        ("password", "password123"),
        ("password", "carol@example.org"),
        ("full_name", "d" * 101),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(api, field, value):
    response = api.post(URL, {**CAROL, field: value})

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert field in {error["field"] for error in response.json()["errors"]}
    assert not User.objects.exists()


def test_privileged_fields_are_refused(api):
    answer = api.post(URL, {**PRIVILEGED, **CAROL})

    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["errors"]} == PRIVILEGED.keys() - CAROL.keys()
    assert not User.objects.exists()


def test_everything_that_is_wrong_is_named_at_once(api):
    answer = api.post(URL, {"email": "no address", "username": "a b", "password": "short"})

    assert {fault["field"] for fault in answer.json()["errors"]} == {"email", "username", "password"}


def test_control_and_direction_characters_leave_the_full_name(api):
    api.post(URL, {**CAROL, "full_name": " Ca\u202erol\u0007\u200b "})

    assert Registration.objects.get().full_name == "Carol"


def test_without_verification_registering_signs_in(api, settings, alice, mailbox):
    settings.REQUIRE_EMAIL_VERIFICATION = False

    response = api.post(URL, CAROL)
    again = api.post(URL, {**CAROL, "email": "alice@example.org", "username": "olga"})

    assert response.status_code == 201
    assert set(response.json()) == {"verification", "user", "access", "access_expires_in", "refresh"}
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
    assert api.get("/api/v1/users/me/").json()["username"] == "carol"
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert not mailbox.to("carol@example.org")


def test_one_of_ten_concurrent_registrations_gets_the_name(settings):
    settings.RATE_AUTH = "1000/m"
    emails = iter([f"carol{n}@example.org" for n in range(10)])

    answers = at_once(10, lambda: services.register(email=next(emails), username="carol", password=PASSWORD))

    assert answers.count("username_taken") == 9
    assert Registration.objects.count() == 1


def test_one_of_ten_concurrent_registrations_gets_the_address(settings, mailbox):
    settings.RATE_AUTH = settings.RATE_OTP = "1000/m"
    names = iter([f"carol{n}" for n in range(10)])
    at_once(10, lambda: services.register(email="carol@example.org", username=next(names), password=PASSWORD))
    codes = iter([re.search(r"\b\d{6}\b", mail.body)[0] for mail in mailbox.to("carol@example.org")])
    places = iter(range(10))

    answers = at_once(
        10, lambda: services.verify(email="carol@example.org", code=next(codes), address=f"10.0.0.{next(places)}")
    )

    assert answers.count("code_invalid") == 9
    assert (User.objects.count(), Session.objects.count(), Registration.objects.count()) == (1, 1, 0)


def test_registering_meets_its_limits(api, settings):
    settings.RATE_AUTH_ADDRESS = "3/m"
    codes = [
        api.post(URL, {**CAROL, "email": f"d{n}@example.org", "username": f"carol{n}"}).status_code for n in range(4)
    ]

    assert codes == [201, 201, 201, 429]


def test_mails_to_one_address_are_limited(api, alice, mailbox):
    for email in ("alice@example.org", "carol@example.org"):
        answers = [api.post(URL, {**CAROL, "email": email, "username": f"new-{email.split('@')[0]}"}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert answers[2].json()["verification"]["resend_after"] > 800
        assert int(answers[3]["Retry-After"]) > 800
        assert len(mailbox.to(email)) == 3
