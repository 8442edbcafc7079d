"""Confirming an address by its code."""

from datetime import timedelta

import pytest

from accounts import hooks, services
from accounts.models import OneTime, Session, User
from accounts.services import one_time
from accounts.tests.at_once import at_once
from chatproject.common.clock import now

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/verify/"
RESEND = "/api/v1/auth/otp/resend/"
DAVE = "dave@example.org"


@pytest.fixture(autouse=True)
def many_attempts(settings):
    settings.RATE_AUTH = "1000/m"


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def test_dave_confirms_and_is_signed_in(api, registered, mailbox):
    registered("dave")

    response = api.post(URL, {"email": "Dave@Example.org", "code": mailbox.code(DAVE), "device_name": "phone"})

    assert response.status_code == 200
    assert set(response.json()) == {"user", "access", "access_expires_in", "refresh"}
    assert response.json()["user"]["email"] == DAVE
    assert Session.objects.get().device_name == "phone"
    assert User.objects.active().get().username == "dave"


def test_others_hear_of_it_in_the_same_transaction(api, registered, mailbox, monkeypatch):
    heard = []
    monkeypatch.setattr(hooks.person_verified, "_actors", [heard.append])
    registered("dave")
    assert heard == []

    api.post(URL, {"email": DAVE, "code": mailbox.code(DAVE)})

    assert [user.username for user in heard] == ["dave"]


def test_a_code_that_is_sent_again_within_a_minute_has_the_same_answer(api, registered, mailbox):
    registered("dave")
    body = {"email": DAVE, "code": mailbox.code(DAVE), "device_name": "phone"}
    first = api.post(URL, body)

    again = api.post(URL, body, REMOTE_ADDR="2.2.2.2")

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["refresh"] == first.json()["refresh"]
    assert again.json()["user"] == first.json()["user"]
    assert Session.objects.count() == 1
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {again.json()['access']}")
    assert api.get("/api/v1/users/me/").json()["username"] == "dave"


def test_after_that_it_serves_no_more(api, registered, mailbox):
    """After a minute; after its answer was used to refresh; after the sign-in has ended."""
    ends = [
        lambda _: OneTime.objects.update(used_at=now() - one_time.SAME_ANSWER_FOR),
        lambda answer: api.post("/api/v1/auth/refresh/", {"refresh": answer["refresh"]}),
        lambda _: services.end_all_sessions(User.objects.get(email=email)),
    ]
    for name, end in zip(("dave", "dora", "dirk"), ends, strict=True):
        registered(name)
        email = f"{name}@example.org"
        body = {"email": email, "code": mailbox.code(email)}
        end(api.post(URL, body).json())

        again = api.post(URL, body)

        assert (again.status_code, again.json()["code"]) == (400, "code_invalid")
    assert Session.objects.count() == 3


def test_after_five_wrong_ones_from_a_place_the_right_one_is_wrong_there_too(api, registered, mailbox):
    registered("dave")
    code = mailbox.code(DAVE)
    for _ in range(5):
        assert api.post(URL, {"email": DAVE, "code": wrong(code)}).json()["code"] == "code_invalid"

    assert api.post(URL, {"email": DAVE, "code": code}).json()["code"] == "code_invalid"
    assert api.post(URL, {"email": DAVE, "code": code}, REMOTE_ADDR="2.2.2.2").status_code == 200


@pytest.mark.parametrize("elsewhere", ["1.1.1.{}", "2001:db8:0:{}::1"])
def test_wrong_ones_from_elsewhere_burn_nothing_until_they_are_fifty(api, registered, mailbox, elsewhere):
    registered("dave")
    registered("dora")
    daves, doras = mailbox.code(DAVE), mailbox.code("dora@example.org")
    for email, code, guesses in ((DAVE, daves, 49), ("dora@example.org", doras, 50)):
        for n in range(guesses):
            body = {"email": email, "code": wrong(code)}
            assert api.post(URL, body, REMOTE_ADDR=elsewhere.format(n // 5)).json()["code"] == "code_invalid"

    assert api.post(URL, {"email": DAVE, "code": daves}).status_code == 200
    dead = api.post(URL, {"email": "dora@example.org", "code": doras})
    assert dead.json()["code"] == "code_invalid"


def test_the_addresses_of_one_line_are_one_place(api, registered, mailbox):
    registered("dave")
    code = mailbox.code(DAVE)
    for n in range(5):
        api.post(URL, {"email": DAVE, "code": wrong(code)}, REMOTE_ADDR=f"2001:db8:1:2::{n}")

    answer = api.post(URL, {"email": DAVE, "code": code}, REMOTE_ADDR="2001:db8:1:2:ffff::1")

    assert answer.json()["code"] == "code_invalid"


def test_four_wrong_ones_leave_one_try(api, registered, mailbox):
    registered("dave")
    code = mailbox.code(DAVE)
    for _ in range(4):
        api.post(URL, {"email": DAVE, "code": wrong(code)})

    assert api.post(URL, {"email": DAVE, "code": code}).status_code == 200


def test_asking_again_sends_the_same_code_and_restores_no_tries(api, registered, mailbox, settings, monkeypatch):
    settings.RATE_OTP = "1000/m"
    monkeypatch.setattr(one_time, "TRIES_COUNT_FOR", timedelta())  # they are long past, but the code is still out
    registered("dave")
    code = mailbox.code(DAVE)
    for _ in range(5):
        assert api.post(RESEND, {"email": DAVE, "purpose": "verify_email"}).status_code == 202
        assert mailbox.code(DAVE) == code
        api.post(URL, {"email": DAVE, "code": wrong(code)})

    assert api.post(URL, {"email": DAVE, "code": code}).json()["code"] == "code_invalid"


def test_a_code_that_is_no_longer_out_is_followed_by_another(api, registered, mailbox):
    registered("dave")
    code = mailbox.code(DAVE)
    OneTime.objects.update(created_at=now() - one_time.TRIES_COUNT_FOR, expires_at=now())

    api.post(RESEND, {"email": DAVE, "purpose": "verify_email"})

    assert mailbox.code(DAVE) != code, "the same code by chance: one in a million"


def test_after_a_quarter_of_an_hour_a_new_code_has_new_tries(api, registered, mailbox):
    registered("dave")
    OneTime.objects.update(tries=50, places={"here": 5})
    OneTime.objects.update(created_at=now() - one_time.TRIES_COUNT_FOR, expires_at=now())

    api.post(RESEND, {"email": DAVE, "purpose": "verify_email"})

    assert (OneTime.objects.get().tries, OneTime.objects.get().places) == (0, {})
    assert api.post(URL, {"email": DAVE, "code": mailbox.code(DAVE)}).status_code == 200


def test_a_code_lives_ten_minutes(api, registered, mailbox):
    registered("dave")
    row = OneTime.objects.get()
    assert timedelta(minutes=9, seconds=50) < row.expires_at - row.created_at <= timedelta(minutes=10, seconds=1)

    OneTime.objects.update(expires_at=row.created_at)

    assert api.post(URL, {"email": DAVE, "code": mailbox.code(DAVE)}).json()["code"] == "code_invalid"


def test_a_code_serves_no_other_purpose_person_or_address(api, registered, mailbox):
    registered("dave")
    registered("dora")
    code = mailbox.code(DAVE)
    doras = OneTime.objects.get(address="dora@example.org")
    OneTime.objects.filter(id=doras.id).update(purpose=OneTime.Purpose.RESET_PASSWORD)

    assert api.post(URL, {"email": "dora@example.org", "code": code}).json()["code"] == "code_invalid"
    theirs = {"email": "dora@example.org", "code": mailbox.code("dora@example.org")}
    assert api.post(URL, theirs).json()["code"] == "code_invalid"
    OneTime.objects.filter(id=doras.id).update(purpose=OneTime.Purpose.VERIFY_EMAIL, address="other@example.org")
    assert api.post(URL, theirs | {"email": "other@example.org"}).json()["code"] == "code_invalid"
    assert api.post(URL, {"email": DAVE, "code": code}).status_code == 200


def test_only_a_hash_of_the_code_is_kept(registered, mailbox):
    registered("dave")

    row = OneTime.objects.values().get()

    assert mailbox.code(DAVE) not in str({key: value for key, value in row.items() if key != "secret_hash"}.values())
    assert len(row["secret_hash"]) == 64


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "١٢٣٤٥٦", "\u0000", "0" * 32])
def test_garbage_is_no_code(api, registered, code):
    registered("dave")

    response = api.post(URL, {"email": DAVE, "code": code})

    assert response.status_code == 400


def test_fifty_right_ones_at_once_are_one_sign_in(registered, mailbox):
    registered("dave")
    code = mailbox.code(DAVE)

    answers = at_once(50, lambda: services.verify(email=DAVE, code=code))

    assert answers.count("code_invalid") == 45
    assert {answer.id for answer in answers if answer != "code_invalid"} == {Session.objects.get().id}


def test_of_fifty_different_ones_at_once_only_five_are_looked_at(registered, mailbox):
    registered("dave")
    code = int(mailbox.code(DAVE))
    guesses = iter([f"{(code + n) % 10**6:06}" for n in range(1, 51)])

    answers = at_once(50, lambda: services.verify(email=DAVE, code=next(guesses)))

    assert set(answers) == {"code_invalid"}
    assert OneTime.objects.get().tries == 5


def test_resending_answers_alike_whoever_asks_for_whom(api, alice, registered, mailbox):
    registered("dave")

    answers = [api.post(RESEND, {"email": email}) for email in (DAVE, "alice@example.org", "nobody@example.org")]

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert {tuple(answer.json()) for answer in answers} == {("email", "expires_in", "resend_after")}
    assert [len(mailbox.to(email)) for email in (DAVE, "alice@example.org", "nobody@example.org")] == [2, 0, 0]


def test_resending_cools_down_for_known_and_unknown_alike(api, registered):
    registered("dave")
    api.post(RESEND, {"email": "nobody@example.org"})

    for email in (DAVE, "nobody@example.org"):
        answers = [api.post(RESEND, {"email": email}).status_code for _ in range(3)]
        assert answers == [202, 202, 429]
