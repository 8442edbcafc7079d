"""carol registers with alice's address: the code that is entered decides whose password is used."""

import re

import pytest

from accounts import services
from accounts.models import OneTime, Registration, User
from accounts.services import one_time
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

AUTH = "/api/v1/auth/"
ALICE = "alice@example.org"
CAROLS = "the battery of carol"


@pytest.fixture(autouse=True)
def plenty(settings):
    settings.RATE_AUTH = settings.RATE_OTP = "1000/m"


def register(api, password, username="alice"):
    answer = api.post(f"{AUTH}register/", {"email": ALICE, "username": username, "password": password})
    assert answer.status_code == 201, answer.content
    return answer.json()["verification"]


def verify(api, code, **more):
    return api.post(f"{AUTH}verify/", {"email": ALICE, "code": code, **more})


def login(api, password, name=ALICE):
    answer = api.post(f"{AUTH}login/", {"login": name, "password": password})
    return answer.json().get("code", "ok")


def codes(mailbox, reference):
    """The codes in the mails that are marked so, the newest last."""
    marked = [mail.body for mail in mailbox.to(ALICE) if f"marked {reference}" in mail.body]
    return [re.search(r"\b\d{6}\b", body)[0] for body in marked]


@pytest.mark.parametrize("carols_name", ["alice", "carol"])
def test_each_code_completes_its_own_registration_only(api, mailbox, carols_name):
    hers = register(api, PASSWORD)
    carols = register(api, CAROLS, carols_name)
    (code,) = codes(mailbox, hers["reference"])

    assert verify(api, code).json()["user"]["username"] == "alice"

    assert (login(api, PASSWORD), login(api, PASSWORD, "alice")) == ("ok", "ok")
    assert login(api, CAROLS) == login(api, CAROLS, carols_name) == "invalid_credentials"
    (late,) = codes(mailbox, carols["reference"])
    assert verify(api, late).json()["code"] == "code_invalid"
    assert User.objects.get().check_password(PASSWORD)


def test_the_order_of_registrations_does_not_matter(api, mailbox):
    register(api, CAROLS)
    hers = register(api, PASSWORD)

    assert verify(api, codes(mailbox, hers["reference"])[0]).status_code == 200

    assert (login(api, PASSWORD), login(api, CAROLS)) == ("ok", "invalid_credentials")


def test_a_page_that_names_its_registration_takes_no_other_code(api, mailbox):
    hers, carols = register(api, PASSWORD), register(api, CAROLS)
    (foreign,), (own,) = codes(mailbox, carols["reference"]), codes(mailbox, hers["reference"])

    assert verify(api, foreign, registration=hers["registration"]).json()["code"] == "code_invalid"
    assert verify(api, own, registration=hers["registration"]).status_code == 200
    assert verify(api, own, registration=hers["registration"]).status_code == 200, "the answer was lost"
    assert (login(api, PASSWORD), login(api, CAROLS)) == ("ok", "invalid_credentials")


def test_sending_again_keeps_them_apart(api, mailbox):
    hers, carols = register(api, PASSWORD), register(api, CAROLS)
    resend = {"email": ALICE, "purpose": "verify_email"}

    api.post(f"{AUTH}otp/resend/", {**resend, "registration": hers["registration"]})
    assert [len(codes(mailbox, one["reference"])) for one in (hers, carols)] == [2, 1]
    api.post(f"{AUTH}otp/resend/", resend)
    assert [len(codes(mailbox, one["reference"])) for one in (hers, carols)] == [3, 2]

    assert len(set(codes(mailbox, hers["reference"]))) == 1, "a stranger's asking ends no code"
    assert verify(api, codes(mailbox, hers["reference"])[0]).status_code == 200
    assert (login(api, PASSWORD), login(api, CAROLS)) == ("ok", "invalid_credentials")


def test_signing_in_early_sends_the_code_of_that_password(api, mailbox):
    hers, carols = register(api, PASSWORD), register(api, CAROLS)

    refused = api.post(f"{AUTH}login/", {"login": "alice", "password": PASSWORD}).json()

    assert refused["code"] == "email_not_verified"
    assert hers["reference"] in refused["detail"]
    assert [len(codes(mailbox, one["reference"])) for one in (hers, carols)] == [2, 1]
    assert login(api, CAROLS) == "email_not_verified"
    assert login(api, "neither of them") == "invalid_credentials"


def test_guesses_count_for_all_registrations_at_an_address_and_only_there(api, mailbox):
    hers = register(api, PASSWORD)
    register(api, CAROLS)
    for n in range(25):
        api.post(f"{AUTH}verify/", {"email": ALICE, "code": "x"}, REMOTE_ADDR=f"6.6.6.{n // 5}")

    assert verify(api, codes(mailbox, hers["reference"])[0]).status_code == 200


def test_with_verification_switched_off_what_waits_is_nobodys(api, mailbox, settings):
    carols = register(api, CAROLS)
    settings.REQUIRE_EMAIL_VERIFICATION = False

    made = api.post(f"{AUTH}register/", {"email": ALICE, "username": "alice", "password": PASSWORD})

    assert made.json()["user"]["username"] == "alice"
    assert verify(api, codes(mailbox, carols["reference"])[0]).json()["code"] == "code_invalid"
    assert (login(api, PASSWORD), login(api, CAROLS)) == ("ok", "email_not_verified")


def test_who_moves_to_an_address_ends_what_waits_there(api, person, sign_in, mailbox):
    carols = register(api, CAROLS, "carol")
    services.request_email_change(person("bob"), password=PASSWORD, new_email=ALICE)
    client = sign_in(User.objects.get(username="bob"))
    assert client.post(f"{AUTH}email/change/confirm/", {"code": mailbox.code(ALICE)}).status_code == 200

    assert verify(api, codes(mailbox, carols["reference"])[0]).json()["code"] == "code_invalid"
    assert not Registration.objects.exists()


@pytest.mark.parametrize("purpose", [one for one in OneTime.Purpose if one != "socket_ticket"])
def test_no_code_of_any_kind_is_known_by_its_address_alone(alice, purpose):
    """The same code at the same address is another one for another person or registration."""
    rows = [OneTime(purpose=purpose, address=ALICE, user=alice)]
    rows += [OneTime(purpose=purpose, address=ALICE, registration=Registration()) for _ in range(2)]
    rows += [OneTime(purpose=purpose, address=ALICE)]

    assert len({one_time.code_hash(row, ALICE, "123456") for row in rows}) == 4
