"""`manage.py resend_otp` and `manage.py end_sessions`."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts import services
from accounts.models import OneTime

pytestmark = pytest.mark.django_db(transaction=True)

DAVE = "dave@example.org"


def run(*args, **options):
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def test_a_code_is_sent_whatever_the_limits_say_and_not_shown(registered, mailbox, settings, api):
    settings.RATE_OTP = "1/d"
    registered("dave")

    said = run("resend_otp", " Dave@Example.org")

    assert said == "A verify_email code is on its way to Dave@Example.org.\n"
    assert mailbox.code(DAVE) not in said
    answer = api.post("/api/v1/auth/verify/", {"email": DAVE, "code": mailbox.code(DAVE)})
    assert answer.status_code == 200


def test_it_restores_the_tries(registered, mailbox, api):
    registered("dave")
    for _ in range(5):
        api.post("/api/v1/auth/verify/", {"email": DAVE, "code": "x"})

    run("resend_otp", DAVE)

    assert OneTime.objects.get().tries == 0
    assert services.verify(email=DAVE, code=mailbox.code(DAVE))


def test_each_purpose_goes_where_it_belongs(alice, mailbox):
    services.request_email_change(alice, password="correct horse battery", new_email="new@example.org")

    run("resend_otp", "alice@example.org", purpose="reset_password")
    run("resend_otp", "new@example.org", "--purpose", "change_email")

    assert "new password" in mailbox.to("alice@example.org")[-1].subject
    assert len(mailbox.to("new@example.org")) == 2


@pytest.mark.parametrize("purpose", ["verify_email", "change_email"])
def test_nobody_who_waits_is_said(alice, mailbox, purpose):
    for email in ("alice@example.org", "nobody@example.org"):
        with pytest.raises(CommandError, match=f"Nobody waits for a {purpose} code at {email}") as error:
            run("resend_otp", email, purpose=purpose)
        assert error.value.returncode == 1

    assert mailbox.to("alice@example.org") == []


def test_what_is_no_purpose_is_refused(alice):
    with pytest.raises(CommandError, match="invalid choice"):
        run("resend_otp", "alice@example.org", "--purpose", "socket_ticket")


@pytest.mark.parametrize("user", ["alice", "ALICE", "Alice@example.org"])
def test_sessions_end_everywhere(sign_in, alice, bob, rings, user):
    clients, bobs = [sign_in(alice), sign_in(alice)], sign_in(bob)

    assert run("end_sessions", user) == "alice: 2 sessions ended.\n"

    assert [one.get("/api/v1/users/me/").status_code for one in (*clients, bobs)] == [401, 401, 200]
    assert len(rings) == 1
    assert run("end_sessions", user) == "alice: 0 sessions ended.\n"


def test_nobody_is_said(db):
    with pytest.raises(CommandError, match="nobody with the e-mail address or username nobody") as error:
        run("end_sessions", "nobody")
    assert error.value.returncode == 1
