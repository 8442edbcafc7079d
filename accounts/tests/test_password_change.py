"""Changing a password."""

import itertools
import threading

import pytest
from django.db import connection, transaction

from accounts import services
from accounts.models import Session, User
from accounts.services import passwords
from common.errors import Refusal
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/password/change/"
LOGIN = "/api/v1/auth/login/"
ME = "/api/v1/users/me/"
NEW = "a newer horse battery"


def body(current=PASSWORD, new=NEW):
    return {"current_password": current, "new_password": new}


def test_the_new_password_works_and_the_old_one_does_not(sign_in, alice, api):
    assert sign_in(alice).post(URL, body()).json() == {"sessions_ended": 0}

    assert api.post(LOGIN, {"login": "alice", "password": PASSWORD}).status_code == 401
    assert api.post(LOGIN, {"login": "alice", "password": NEW}).status_code == 200


def test_all_other_sign_ins_end_and_this_one_stays(sign_in, alice, bob, publications):
    mine, others, bobs = sign_in(alice), [sign_in(alice), sign_in(alice)], sign_in(bob)

    assert mine.post(URL, body()).json() == {"sessions_ended": 2}

    assert [client.get(ME).status_code for client in (mine, *others, bobs)] == [200, 401, 401, 200]
    assert [(publication.topic, publication.frame) for publication in publications] == [(f"u.{alice.id.hex}", b"")]


def test_alice_gets_a_mail(sign_in, alice, mailbox):
    sign_in(alice).post(URL, body())

    (message,) = mailbox.to("alice@example.org")
    assert "password" in message.subject
    assert NEW not in message.body


def test_without_the_current_password_nothing_changes(sign_in, alice, mailbox):
    mine, other = sign_in(alice), sign_in(alice)

    response = mine.post(URL, body(current="wrong"))

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert [error["field"] for error in response.json()["errors"]] == ["current_password"]
    assert other.get(ME).status_code == 200
    assert mailbox.to("alice@example.org") == []


@pytest.mark.parametrize("new", ["short", "12345678901", "password1", "alice adams", ""])
def test_a_bad_new_password_is_refused_by_its_field(sign_in, alice, new):
    response = sign_in(alice).post(URL, body(new=new))

    assert response.status_code == 400
    assert {error["field"] for error in response.json()["errors"]} == {"new_password"}


def test_all_that_is_wrong_is_said_at_once(sign_in, alice):
    response = sign_in(alice).post(URL, body(current="wrong", new="12345"))

    assert response.status_code == 400
    assert {error["field"] for error in response.json()["errors"]} == {"current_password", "new_password"}


def test_guessing_meets_its_limit_and_being_right_does_not_count(sign_in, alice, settings):
    settings.RATE_AUTH = "3/m"
    client = sign_in(alice)
    passwords = [PASSWORD, NEW] * 3
    for current, new in itertools.pairwise(passwords):
        assert client.post(URL, body(current, new)).status_code == 200

    answers = [client.post(URL, body(current="wrong")).status_code for _ in range(5)]

    assert answers == [400, 400, 400, 429, 429]


def test_a_concurrent_sign_in_with_the_old_password_does_not_survive(alice, settings):
    """Signing in waits between looking at the password and opening the session: the change slips in."""
    settings.RATE_ACCOUNT = "100/m"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    session = services.open_session(alice)
    survivors = []
    for n in range(20):
        old, new = (PASSWORD, NEW) if n % 2 == 0 else (NEW, PASSWORD)
        start = threading.Barrier(2)
        signed_in: list[object] = []

        def sign_in(password=old, start=start, signed_in=signed_in):
            start.wait()
            try:
                signed_in.append(services.login(login="alice", password=password, address=""))
            except Refusal as refusal:
                signed_in.append(refusal.code)
            finally:
                connection.close()

        thread = threading.Thread(target=sign_in)
        thread.start()
        start.wait()
        session.user.refresh_from_db()
        services.change_password(session, current_password=old, new_password=new)
        thread.join()
        survivors += Session.objects.live().filter(user=alice).exclude(id=session.id)
        assert signed_in
    assert survivors == []


def test_a_password_that_was_reset_meanwhile_proves_nothing(alice, mailbox, monkeypatch):
    """The reset commits between looking at the present password and setting the new one."""
    session = services.open_session(alice)
    services.resend_code(email="alice@example.org", purpose="reset_password")
    code = mailbox.code("alice@example.org")

    def reset_first(password, user, **field):
        monkeypatch.undo()
        services.reset_password(email="alice@example.org", code=code, new_password="chosen by alice")

    monkeypatch.setattr(passwords, "check_password_strength", reset_first)
    with pytest.raises(Refusal, match="invalid_credentials"):
        services.change_password(session, current_password=PASSWORD, new_password=NEW)

    assert User.objects.get(id=alice.id).check_password("chosen by alice")


def test_it_is_one_transaction(alice, publications):
    session = services.open_session(alice)
    services.open_session(alice)

    with transaction.atomic():
        services.change_password(session, current_password=PASSWORD, new_password=NEW)
        transaction.set_rollback(True)

    assert publications == []
    assert User.objects.get(id=alice.id).check_password(PASSWORD)
    assert Session.objects.live().count() == 2


def test_strangers_change_nothing(api):
    assert api.post(URL, body()).status_code == 401
