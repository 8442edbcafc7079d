"""Resetting a password with a code from a mail."""

import pytest

from accounts import services
from accounts.models import OneTime
from accounts.services import one_time
from accounts.tests.at_once import at_once
from common.clock import now
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

ASK = "/api/v1/auth/password/reset/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
RESEND = "/api/v1/auth/otp/resend/"
LOGIN = "/api/v1/auth/login/"
ALICE = "alice@example.org"
NEW = "a newer horse battery"


@pytest.fixture
def code(api, alice, mailbox):
    assert api.post(ASK, {"email": ALICE}).status_code == 202
    return mailbox.code(ALICE)


def confirm(api, code, email=ALICE, new=NEW, **more):
    return api.post(CONFIRM, {"email": email, "code": code, "new_password": new}, **more)


def test_alice_sets_a_new_password_and_all_her_sessions_end(api, alice, code, sign_in, mailbox, publications):
    clients = [sign_in(alice), sign_in(alice)]

    assert confirm(api, code).json() == {"sessions_ended": 2}

    assert [client.get("/api/v1/users/me/").status_code for client in clients] == [401, 401]
    assert api.post(LOGIN, {"login": "alice", "password": PASSWORD}).status_code == 401
    assert api.post(LOGIN, {"login": "alice", "password": NEW}).status_code == 200
    assert "has changed" in mailbox.to(ALICE)[-1].subject
    assert len(publications) == 1


def test_the_code_serves_once_and_only_for_this(api, code):
    assert api.post("/api/v1/auth/verify/", {"email": ALICE, "code": code}).json()["code"] == "code_invalid"
    assert confirm(api, code).status_code == 200
    assert confirm(api, code, new="another new battery").json()["code"] == "code_invalid"
    OneTime.objects.update(used_at=now() - one_time.REPEATABLE_FOR)
    assert confirm(api, code).json()["code"] == "code_invalid"


def test_repeating_it_within_a_minute_has_the_same_answer(api, alice, code, sign_in):
    sign_in(alice), sign_in(alice)
    first = confirm(api, code)

    again = confirm(api, code)

    assert (again.status_code, again.json()) == (200, first.json()) == (200, {"sessions_ended": 2})


def test_a_code_for_an_address_to_confirm_sets_no_password(api, registered, mailbox):
    registered("carol")

    answer = confirm(api, mailbox.code("carol@example.org"), email="carol@example.org")

    assert answer.json()["code"] == "code_invalid"


def test_after_five_wrong_codes_the_right_one_is_refused_from_that_address_only(api, code):
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        assert confirm(api, wrong, REMOTE_ADDR="1.1.1.1").status_code == 400

    assert confirm(api, code, REMOTE_ADDR="1.1.1.1").json()["code"] == "code_invalid"
    assert confirm(api, code, REMOTE_ADDR="2.2.2.2").status_code == 200


def test_after_fifty_from_anywhere_it_is_dead(api, code):
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for n in range(50):
        assert confirm(api, wrong, REMOTE_ADDR=f"1.1.1.{n // 5}").status_code == 400

    assert confirm(api, code, REMOTE_ADDR="2.2.2.2").json()["code"] == "code_invalid"


def test_asking_again_does_not_invalidate_the_code(api, code, mailbox):
    api.post(RESEND, {"email": ALICE, "purpose": "reset_password"})

    assert len(mailbox.to(ALICE)) == 2
    assert confirm(api, code).status_code == 200


def test_one_of_fifty_concurrent_resets_succeeds(settings, code):
    settings.RATE_AUTH = "100/m"

    answers = at_once(50, lambda: services.reset_password(email=ALICE, code=code, new_password=NEW))

    assert sorted(answers, key=str) == [0] * 5 + ["code_invalid"] * 45


def test_a_bad_password_uses_up_no_code(api, code):
    for bad in ("short", "alice"):
        response = confirm(api, code, new=bad)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "new_password")

    assert confirm(api, code).status_code == 200


def test_known_and_unknown_addresses_get_the_same_response(api, alice, registered, mailbox):
    registered("carol")
    sent = len(mailbox.to("carol@example.org"))

    known, unknown, unconfirmed = (
        api.post(ASK, {"email": email}) for email in (ALICE, "nobody@example.org", "carol@example.org")
    )

    assert known.status_code == unknown.status_code == unconfirmed.status_code == 202
    assert {**known.json(), "email": ""} == {**unknown.json(), "email": ""}
    assert (len(mailbox.to(ALICE)), mailbox.to("nobody@example.org")) == (1, [])
    assert len(mailbox.to("carol@example.org")) == sent
    refused = [confirm(api, "123456", email=email).json() for email in (ALICE, "nobody@example.org")]
    assert {**refused[0], "request_id": ""} == {**refused[1], "request_id": ""}


def test_asking_is_limited_for_known_and_unknown_addresses(api, alice, settings):
    settings.RATE_AUTH, settings.RATE_REQUESTS = "100/m", "1000/m"

    for email in (ALICE, "nobody@example.org"):
        answers = [api.post(ASK, {"email": email}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
        assert answers[2].json()["resend_after"] > 0
        assert answers[3].json()["retry_after"] > 0


def test_a_code_dies_with_the_address_it_went_to(api, alice, code, sign_in, mailbox):
    client = sign_in(alice)
    client.post("/api/v1/auth/email/change/", {"password": PASSWORD, "new_email": "new@example.org"})
    client.post("/api/v1/auth/email/change/confirm/", {"code": mailbox.code("new@example.org")})

    assert confirm(api, code).json()["code"] == "code_invalid"
    assert confirm(api, code, email="new@example.org").json()["code"] == "code_invalid"


def test_the_purpose_is_part_of_what_is_kept(alice, code):
    row = OneTime.objects.get()

    assert row.purpose == OneTime.Purpose.RESET_PASSWORD
    assert row.secret_hash == one_time.code_hash(row, ALICE, code)
    row.purpose = OneTime.Purpose.VERIFY_EMAIL
    assert row.secret_hash != one_time.code_hash(row, ALICE, code)
