"""Suspending for a time or until further notice, restoring, and what else operators do with people; all of it is in
the audit log."""

from datetime import timedelta

import pytest

from accounts import services
from accounts.models import Registration, User
from common.clock import now
from common.errors import Refusal
from common.models import AuditEntry
from conftest import PASSWORD
from operations.worker import ChatWorker

pytestmark = pytest.mark.django_db(transaction=True)

TOMORROW = timedelta(days=1)
LOGIN = "/api/v1/auth/login/"


def told() -> list[tuple]:
    return list(AuditEntry.objects.order_by("number").values_list("action", "actor_id", "subject_id", "reason"))


def code(action, *args, **more) -> str:
    try:
        action(*args, **more)
    except Refusal as refusal:
        return refusal.code
    return "ok"


def test_a_suspended_person_is_signed_out_and_sees_until_when(sign_in, api, alice, olga):
    client = sign_in(alice)
    until = now() + TOMORROW

    services.suspend(olga, alice, until=until, reason="Spam")

    assert client.get("/api/v1/users/me/").json()["code"] == "token_invalid"
    answer = api.post(LOGIN, {"login": "alice", "password": PASSWORD}).json()
    assert answer["code"] == "account_suspended"
    assert f"{until:%Y-%m-%d %H:%M} UTC" in answer["detail"]
    assert 86_000 < answer["retry_after"] <= 86_400
    assert api.post(LOGIN, {"login": "alice", "password": "wrong"}).json()["code"] == "invalid_credentials"
    assert told() == [("person.suspend", olga.id, alice.id, "Spam")]


def test_repeating_changes_nothing_another_end_does(alice, olga):
    until = now() + TOMORROW
    for _ in range(2):
        services.suspend(olga, alice, until=until)
    assert len(told()) == 1

    services.suspend(olga, alice)

    alice.refresh_from_db()
    assert (alice.is_active, alice.suspended_until) == (False, None)
    assert len(told()) == 2


def test_the_end_of_a_suspension_comes_by_itself(api, alice, bob, olga):
    services.suspend(olga, alice, until=now() + TOMORROW)
    services.suspend(olga, bob)
    services.restore_due()
    assert not User.objects.filter(id__in=[alice.id, bob.id], is_active=True).exists()

    User.objects.filter(id=alice.id).update(suspended_until=now())
    ChatWorker().maintain()

    assert api.post(LOGIN, {"login": "alice", "password": PASSWORD}).status_code == 200
    assert api.post(LOGIN, {"login": "bob", "password": PASSWORD}).json()["detail"] == "This account is suspended."
    assert told()[-1] == ("person.restore", None, alice.id, "The suspension is over.")


def test_restoring_lets_in_whose_erasure_has_not_begun(alice, bob, olga):
    for user in (alice, bob):
        services.suspend(olga, user, until=now() + TOMORROW)
    User.objects.filter(id=bob.id).update(erase_at=now())

    said = [code(services.restore, olga, user, reason="A mistake") for user in (alice, bob, alice)]

    assert said == ["ok", "conflict", "ok"]

    assert list(User.objects.filter(is_active=False)) == [bob]
    assert told()[2:] == [("person.restore", olga.id, alice.id, "A mistake")]


def test_nothing_is_done_about_somebody_erased(alice, olga):
    services.suspend(olga, alice, until=now() + TOMORROW)
    services.erase(alice)

    assert code(services.suspend, olga, alice, until=now() + TOMORROW) == "conflict"
    assert code(services.restore, olga, alice) == "conflict"

    alice.refresh_from_db()
    assert (alice.is_active, alice.suspended_until) == (False, None)
    assert len(told()) == 1


def test_operators_cannot_suspend_themselves_or_a_superuser(alice, bob, olga):
    User.objects.filter(id=bob.id).update(is_staff=True)

    assert code(services.suspend, olga, olga) == "invalid"
    assert code(services.suspend, bob, olga) == "permission_denied"
    assert code(services.end_sessions_of, bob, olga) == "permission_denied"
    assert code(services.suspend, olga, alice, until=now()) == "invalid"
    assert told() == []


def test_ending_somebodys_sessions_is_written_down(sign_in, alice, olga):
    for _ in range(2):
        sign_in(alice)

    assert services.end_sessions_of(olga, alice, reason="A lost telephone") == 2

    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.facts, entry.reason) == ("person.end_sessions", {"ended": 2}, "A lost telephone")


def test_a_code_is_sent_again_to_a_pending_registration(registered, mailbox, alice, olga):
    registered("carol")
    carol = Registration.objects.get(username="carol")

    services.resend_code_to(olga, carol, purpose="verify_email", reason="Asked by telephone")

    assert len(mailbox.to("carol@example.org")) == 2
    assert code(services.resend_code_to, olga, alice, purpose="verify_email") == "conflict"
    assert told() == [("person.resend_code", olga.id, carol.id, "Asked by telephone")]
