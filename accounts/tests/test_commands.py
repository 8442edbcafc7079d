"""`manage.py resend_otp` and `manage.py end_sessions`."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts import services
from accounts.models import OneTime

pytestmark = pytest.mark.django_db(transaction=True)

CAROL = "carol@example.org"


def run(*args, **options):
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def test_a_code_is_sent_whatever_the_limits_say_and_not_shown(registered, mailbox, settings, api):
    settings.RATE_OTP = "1/d"
    registered("carol")

    said = run("resend_otp", " Carol@Example.org")

    assert said == "A verify_email code is on its way to Carol@Example.org.\n"
    assert mailbox.code(CAROL) not in said
    answer = api.post("/api/v1/auth/verify/", {"email": CAROL, "code": mailbox.code(CAROL)})
    assert answer.status_code == 200


def test_it_restores_the_tries(registered, mailbox, api):
    registered("carol")
    for _ in range(5):
        api.post("/api/v1/auth/verify/", {"email": CAROL, "code": "x"})

    run("resend_otp", CAROL)

    assert OneTime.objects.get().tries == 0
    assert services.verify(email=CAROL, code=mailbox.code(CAROL))


def test_each_purpose_goes_where_it_belongs(alice, mailbox):
    services.request_email_change(alice, password="correct horse battery", new_email="new@example.org")

    run("resend_otp", "alice@example.org", purpose="reset_password")
    run("resend_otp", "new@example.org", "--purpose", "change_email")

    assert "new password" in mailbox.to("alice@example.org")[-1].subject
    assert len(mailbox.to("new@example.org")) == 2


@pytest.mark.parametrize("purpose", ["verify_email", "change_email"])
def test_without_a_pending_code_it_says_so(alice, mailbox, purpose):
    for email in ("alice@example.org", "nobody@example.org"):
        with pytest.raises(CommandError, match=f"Nobody is waiting for a {purpose} code at {email}") as error:
            run("resend_otp", email, purpose=purpose)
        assert error.value.returncode == 1

    assert mailbox.to("alice@example.org") == []


def test_an_unknown_purpose_is_refused(alice):
    with pytest.raises(CommandError, match="invalid choice"):
        run("resend_otp", "alice@example.org", "--purpose", "socket_ticket")


@pytest.mark.parametrize("user", ["alice", "ALICE", "Alice@example.org"])
def test_sessions_end_everywhere(sign_in, alice, bob, publications, user):
    clients, bobs = [sign_in(alice), sign_in(alice)], sign_in(bob)

    assert run("end_sessions", user) == "alice: 2 sessions ended.\n"

    assert [one.get("/api/v1/users/me/").status_code for one in (*clients, bobs)] == [401, 401, 200]
    assert len(publications) == 1
    assert run("end_sessions", user) == "alice: 0 sessions ended.\n"


def test_an_unknown_person_is_refused(db):
    with pytest.raises(CommandError, match="Nobody has the e-mail address or username nobody") as error:
        run("end_sessions", "nobody")
    assert error.value.returncode == 1
