"""Changing an e-mail address."""

import re

import pytest

from accounts import services
from accounts.models import OneTime, Registration, User
from accounts.services import one_time
from accounts.tests.at_once import at_once
from chatproject.tests import canaries
from common.clock import now
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

ASK = "/api/v1/auth/email/change/"
CONFIRM = "/api/v1/auth/email/change/confirm/"
RESEND = "/api/v1/auth/otp/resend/"
OLD, NEW = "alice@example.org", "alice@example.com"


def ask(client, new=NEW, password=PASSWORD):
    return client.post(ASK, {"password": password, "new_email": new})


def test_the_code_goes_to_the_new_address_and_a_notice_to_the_old_one(sign_in, alice, mailbox):
    client = sign_in(alice)

    answer = ask(client, new=" Alice@Example.com ")

    assert (answer.status_code, set(answer.json())) == (202, {"email", "expires_in", "resend_after"})
    assert "about to change" in mailbox.to(OLD)[0].subject
    assert mailbox.code(NEW) not in mailbox.to(OLD)[0].body
    assert client.get("/api/v1/users/me/").json()["email"] == OLD


def test_the_code_makes_it_hers_and_ends_the_other_sign_ins(sign_in, alice, api, mailbox):
    client, other = sign_in(alice), sign_in(alice)
    ask(client)

    answer = client.post(CONFIRM, {"code": mailbox.code(NEW)})

    assert (answer.status_code, answer.json()["email"]) == (200, NEW)
    assert (client.get("/api/v1/users/me/").status_code, other.get("/api/v1/users/me/").status_code) == (200, 401)
    assert "has changed" in mailbox.to(OLD)[-1].subject
    assert api.post("/api/v1/auth/login/", {"login": NEW, "password": PASSWORD}).status_code == 200
    assert api.post("/api/v1/auth/login/", {"login": OLD, "password": PASSWORD}).status_code == 401


def test_it_takes_the_password(sign_in, alice, mailbox):
    answer = ask(sign_in(alice), password="wrong")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "password")
    assert mailbox.to(NEW) == mailbox.to(OLD) == []


def test_all_that_is_wrong_is_said_at_once(sign_in, alice):
    answer = ask(sign_in(alice), new="nonsense", password="wrong")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["new_email", "password"]


@pytest.mark.parametrize("new", [OLD, "ALICE@example.org", "nonsense", "a@b"])
def test_an_invalid_or_unchanged_address_is_refused(sign_in, alice, new):
    answer = ask(sign_in(alice), new=new)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "new_email")


def test_a_known_address_gets_the_same_response_and_keeps_its_owner(sign_in, alice, bob, mailbox):
    client = sign_in(alice)

    known, unknown = ask(client, new="bob@example.org"), ask(client)

    assert {**known.json(), "email": ""} == {**unknown.json(), "email": ""}
    assert "already" in mailbox.to("bob@example.org")[0].subject
    assert services.resend_code(email="bob@example.org", purpose="change_email") is None
    assert len(mailbox.to("bob@example.org")) == 1


def test_another_address_ends_the_code_and_asking_again_does_not(sign_in, alice, api, mailbox):
    client = sign_in(alice)
    ask(client)
    first = mailbox.code(NEW)
    api.post(RESEND, {"email": NEW, "purpose": "change_email"})
    assert mailbox.code(NEW) == first

    ask(client, new="third@example.org")

    assert client.post(CONFIRM, {"code": first}).json()["code"] == "code_invalid"
    third = {"code": mailbox.code("third@example.org")}
    assert [client.post(CONFIRM, third).json()["email"] for _ in range(2)] == ["third@example.org"] * 2
    OneTime.objects.update(used_at=now() - one_time.REPEATABLE_FOR)
    assert client.post(CONFIRM, third).json()["code"] == "code_invalid"


def test_after_five_wrong_codes_the_right_one_is_refused(sign_in, alice, mailbox):
    client = sign_in(alice)
    ask(client)
    wrong = f"{(int(mailbox.code(NEW)) + 1) % 10**6:06}"

    answers = [client.post(CONFIRM, {"code": code}).status_code for code in [wrong] * 5 + [mailbox.code(NEW)]]

    assert answers == [400] * 6
    assert User.objects.get(id=alice.id).email == OLD


def test_the_code_is_hers_alone(sign_in, alice, bob, mailbox):
    ask(sign_in(alice))

    assert sign_in(bob).post(CONFIRM, {"code": mailbox.code(NEW)}).json()["code"] == "code_invalid"


def test_a_registration_that_waits_there_does_not_keep_it(sign_in, alice, registered, mailbox):
    registered("carol", email=NEW)
    client = sign_in(alice)
    ask(client)

    assert client.post(CONFIRM, {"code": mailbox.code(NEW)}).json()["email"] == NEW
    assert not Registration.objects.exists()


def test_only_one_of_two_people_gets_the_same_address(sign_in, alice, bob, mailbox):
    hers, his = sign_in(alice), sign_in(bob)
    ask(hers)
    code = mailbox.code(NEW)
    ask(his)
    assert hers.post(CONFIRM, {"code": code}).status_code == 200

    answer = his.post(CONFIRM, {"code": mailbox.code(NEW)})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert User.objects.get(id=bob.id).email == "bob@example.org"


def test_two_people_who_want_the_same_address_get_different_codes(sign_in, alice, bob, api, mailbox):
    hers, his = sign_in(alice), sign_in(bob)
    ask(hers)
    ask(his)
    before = len(mailbox.to(NEW))

    waiting = api.post(RESEND, {"email": NEW, "purpose": "change_email"})
    unknown = api.post(RESEND, {"email": "nobody@example.com", "purpose": "change_email"})

    assert {**waiting.json(), "email": "", "resend_after": 0} == {**unknown.json(), "email": "", "resend_after": 0}
    sent = mailbox.to(NEW)[before:]
    assert sorted(name for name in ("alice", "bob") for mail in sent if f'"{name}"' in mail.body) == ["alice", "bob"]
    codes = {name: code_for(name, sent) for name in ("alice", "bob")}
    assert hers.post(CONFIRM, {"code": codes["bob"]}).json()["code"] == "code_invalid"
    assert his.post(CONFIRM, {"code": codes["bob"]}).json()["email"] == NEW


def code_for(name, mails):
    (mail,) = [mail for mail in mails if f'"{name}"' in mail.body]
    return canaries.note("code", re.search(r"\b\d{6}\b", mail.body)[0])


def test_an_address_that_many_ask_for_is_not_flooded(person, mailbox, settings):
    settings.RATE_AUTH = settings.RATE_OTP = "100/m"
    people = [person(f"friend{n}") for n in range(12)]
    for one in people:
        services.request_email_change(one, password=PASSWORD, new_email=NEW)
    before = len(mailbox.to(NEW))

    services.resend_code(email=NEW, purpose="change_email")

    sent = mailbox.to(NEW)[before:]
    assert len(sent) == 10
    assert all(any(f'"{one.username}"' in mail.body for mail in sent) for one in people[2:])


def test_one_of_twenty_concurrent_confirmations_succeeds(alice, mailbox, settings):
    settings.RATE_ACCOUNT = "100/m"
    session = services.open_session(alice)
    services.request_email_change(alice, password=PASSWORD, new_email=NEW)
    code = mailbox.code(NEW)

    answers = at_once(20, lambda: services.confirm_email_change(session, code=code).email)

    assert sorted(answers) == [NEW] * 5 + ["code_invalid"] * 15


def test_it_cannot_be_used_to_send_many_mails(sign_in, alice, settings):
    settings.RATE_AUTH = "100/m"
    client = sign_in(alice)

    answers = [ask(client, new=f"someone{n}@example.org").status_code for n in range(5)]

    assert answers == [202, 202, 202, 429, 429]


def test_only_a_hash_of_the_code_is_kept(alice, mailbox):
    services.request_email_change(alice, password=PASSWORD, new_email=NEW)

    row = OneTime.objects.get()

    assert (row.address, len(row.secret_hash)) == (NEW, 64)
    assert mailbox.code(NEW) not in row.secret_hash[:6]
