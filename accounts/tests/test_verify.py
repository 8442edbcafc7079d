"""Confirming an address with a code."""

from datetime import timedelta

import pytest

from accounts import hooks, services
from accounts.models import OneTime, Session, User
from accounts.services import one_time
from accounts.tests.at_once import at_once
from common.clock import now

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/verify/"
RESEND = "/api/v1/auth/otp/resend/"
CAROL = "carol@example.org"


@pytest.fixture(autouse=True)
def many_attempts(settings):
    settings.RATE_AUTH = "1000/m"


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def test_carol_confirms_and_is_signed_in(api, registered, mailbox):
    registered("carol")

    response = api.post(URL, {"email": "Carol@Example.org", "code": mailbox.code(CAROL), "device_name": "phone"})

    assert response.status_code == 200
    assert set(response.json()) == {"user", "access", "access_expires_in", "refresh"}
    assert response.json()["user"]["email"] == CAROL
    assert Session.objects.get().device_name == "phone"
    assert User.objects.active().get().username == "carol"


def test_others_hear_of_it_in_the_same_transaction(api, registered, mailbox, monkeypatch):
    heard = []
    monkeypatch.setattr(hooks.person_verified, "_receivers", [heard.append])
    registered("carol")
    assert heard == []

    api.post(URL, {"email": CAROL, "code": mailbox.code(CAROL)})

    assert [user.username for user in heard] == ["carol"]


def test_a_code_that_is_sent_again_within_a_minute_has_the_same_answer(api, registered, mailbox):
    registered("carol")
    body = {"email": CAROL, "code": mailbox.code(CAROL), "device_name": "phone"}
    first = api.post(URL, body)

    again = api.post(URL, body, REMOTE_ADDR="2.2.2.2")

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["refresh"] == first.json()["refresh"]
    assert again.json()["user"] == first.json()["user"]
    assert Session.objects.count() == 1
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {again.json()['access']}")
    assert api.get("/api/v1/users/me/").json()["username"] == "carol"


def test_a_used_code_cannot_be_repeated_later(api, registered, mailbox):
    """Not after a minute, nor after its session was refreshed or has ended."""
    ends = [
        lambda _: OneTime.objects.update(used_at=now() - one_time.REPEATABLE_FOR),
        lambda answer: api.post("/api/v1/auth/refresh/", {"refresh": answer["refresh"]}),
        lambda _: services.end_all_sessions(User.objects.get(email=email)),
    ]
    for name, end in zip(("carol", "olga", "member-1"), ends, strict=True):
        registered(name)
        email = f"{name}@example.org"
        body = {"email": email, "code": mailbox.code(email)}
        end(api.post(URL, body).json())

        again = api.post(URL, body)

        assert (again.status_code, again.json()["code"]) == (400, "code_invalid")
    assert Session.objects.count() == 3


def test_after_five_wrong_codes_from_an_address_the_right_one_is_refused_there(api, registered, mailbox):
    registered("carol")
    code = mailbox.code(CAROL)
    for _ in range(5):
        assert api.post(URL, {"email": CAROL, "code": wrong(code)}).json()["code"] == "code_invalid"

    assert api.post(URL, {"email": CAROL, "code": code}).json()["code"] == "code_invalid"
    assert api.post(URL, {"email": CAROL, "code": code}, REMOTE_ADDR="2.2.2.2").status_code == 200


@pytest.mark.parametrize("elsewhere", ["1.1.1.{}", "2001:db8:0:{}::1"])
def test_wrong_codes_from_other_addresses_count_only_after_fifty(api, registered, mailbox, elsewhere):
    registered("carol")
    registered("olga")
    carols, olgas = mailbox.code(CAROL), mailbox.code("olga@example.org")
    for email, code, guesses in ((CAROL, carols, 49), ("olga@example.org", olgas, 50)):
        for n in range(guesses):
            body = {"email": email, "code": wrong(code)}
            assert api.post(URL, body, REMOTE_ADDR=elsewhere.format(n // 5)).json()["code"] == "code_invalid"

    assert api.post(URL, {"email": CAROL, "code": carols}).status_code == 200
    dead = api.post(URL, {"email": "olga@example.org", "code": olgas})
    assert dead.json()["code"] == "code_invalid"


def test_the_addresses_of_one_ipv6_network_count_as_one(api, registered, mailbox):
    registered("carol")
    code = mailbox.code(CAROL)
    for n in range(5):
        api.post(URL, {"email": CAROL, "code": wrong(code)}, REMOTE_ADDR=f"2001:db8:1:2::{n}")

    answer = api.post(URL, {"email": CAROL, "code": code}, REMOTE_ADDR="2001:db8:1:2:ffff::1")

    assert answer.json()["code"] == "code_invalid"


def test_four_wrong_codes_leave_one_try(api, registered, mailbox):
    registered("carol")
    code = mailbox.code(CAROL)
    for _ in range(4):
        api.post(URL, {"email": CAROL, "code": wrong(code)})

    assert api.post(URL, {"email": CAROL, "code": code}).status_code == 200


def test_asking_again_sends_the_same_code_and_restores_no_tries(api, registered, mailbox, settings, monkeypatch):
    settings.RATE_OTP = "1000/m"
    monkeypatch.setattr(one_time, "TRIES_LIFETIME", timedelta())  # they are long past, but the code is still out
    registered("carol")
    code = mailbox.code(CAROL)
    for _ in range(5):
        assert api.post(RESEND, {"email": CAROL, "purpose": "verify_email"}).status_code == 202
        assert mailbox.code(CAROL) == code
        api.post(URL, {"email": CAROL, "code": wrong(code)})

    assert api.post(URL, {"email": CAROL, "code": code}).json()["code"] == "code_invalid"


def test_a_code_that_is_no_longer_out_is_followed_by_another(api, registered, mailbox):
    registered("carol")
    code = mailbox.code(CAROL)
    OneTime.objects.update(created_at=now() - one_time.TRIES_LIFETIME, expires_at=now())

    api.post(RESEND, {"email": CAROL, "purpose": "verify_email"})

    assert mailbox.code(CAROL) != code, "the same code by chance: one in a million"


def test_after_a_quarter_of_an_hour_a_new_code_has_new_tries(api, registered, mailbox):
    registered("carol")
    OneTime.objects.update(tries=50, places={"here": 5})
    OneTime.objects.update(created_at=now() - one_time.TRIES_LIFETIME, expires_at=now())

    api.post(RESEND, {"email": CAROL, "purpose": "verify_email"})

    assert (OneTime.objects.get().tries, OneTime.objects.get().places) == (0, {})
    assert api.post(URL, {"email": CAROL, "code": mailbox.code(CAROL)}).status_code == 200


def test_a_code_lives_ten_minutes(api, registered, mailbox):
    registered("carol")
    row = OneTime.objects.get()
    assert timedelta(minutes=9, seconds=50) < row.expires_at - row.created_at <= timedelta(minutes=10, seconds=1)

    OneTime.objects.update(expires_at=row.created_at)

    assert api.post(URL, {"email": CAROL, "code": mailbox.code(CAROL)}).json()["code"] == "code_invalid"


def test_a_code_serves_no_other_purpose_person_or_address(api, registered, mailbox):
    registered("carol")
    registered("olga")
    code = mailbox.code(CAROL)
    olgas = OneTime.objects.get(address="olga@example.org")
    OneTime.objects.filter(id=olgas.id).update(purpose=OneTime.Purpose.RESET_PASSWORD)

    assert api.post(URL, {"email": "olga@example.org", "code": code}).json()["code"] == "code_invalid"
    theirs = {"email": "olga@example.org", "code": mailbox.code("olga@example.org")}
    assert api.post(URL, theirs).json()["code"] == "code_invalid"
    OneTime.objects.filter(id=olgas.id).update(purpose=OneTime.Purpose.VERIFY_EMAIL, address="other@example.org")
    assert api.post(URL, theirs | {"email": "other@example.org"}).json()["code"] == "code_invalid"
    assert api.post(URL, {"email": CAROL, "code": code}).status_code == 200


def test_only_a_hash_of_the_code_is_kept(registered, mailbox):
    registered("carol")

    row = OneTime.objects.values().get()

    assert mailbox.code(CAROL) not in str({key: value for key, value in row.items() if key != "secret_hash"}.values())
    assert len(row["secret_hash"]) == 64


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "١٢٣٤٥٦", "\u0000", "0" * 32])
def test_garbage_is_no_code(api, registered, code):
    registered("carol")

    response = api.post(URL, {"email": CAROL, "code": code})

    assert response.status_code == 400


def test_fifty_concurrent_right_codes_open_one_session(registered, mailbox):
    registered("carol")
    code = mailbox.code(CAROL)

    answers = at_once(50, lambda: services.verify(email=CAROL, code=code))

    assert answers.count("code_invalid") == 45
    assert {answer.id for answer in answers if answer != "code_invalid"} == {Session.objects.get().id}


def test_only_five_of_fifty_concurrent_codes_are_compared(registered, mailbox):
    registered("carol")
    code = int(mailbox.code(CAROL))
    guesses = iter([f"{(code + n) % 10**6:06}" for n in range(1, 51)])

    answers = at_once(50, lambda: services.verify(email=CAROL, code=next(guesses)))

    assert set(answers) == {"code_invalid"}
    assert OneTime.objects.get().tries == 5


def test_resending_has_the_same_response_for_every_address(api, alice, registered, mailbox):
    registered("carol")

    answers = [api.post(RESEND, {"email": email}) for email in (CAROL, "alice@example.org", "nobody@example.org")]

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert {tuple(answer.json()) for answer in answers} == {("email", "expires_in", "resend_after")}
    assert [len(mailbox.to(email)) for email in (CAROL, "alice@example.org", "nobody@example.org")] == [2, 0, 0]


def test_resending_is_limited_for_known_and_unknown_addresses(api, registered):
    registered("carol")
    api.post(RESEND, {"email": "nobody@example.org"})

    for email in (CAROL, "nobody@example.org"):
        answers = [api.post(RESEND, {"email": email}).status_code for _ in range(3)]
        assert answers == [202, 202, 429]
