"""What is settled already is not settled otherwise, and nobody is told that it was: a second, different act is refused.
Repeating the same one changes nothing."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django_tasks_db.models import DBTaskResult

from accounts import services as accounts
from accounts.models import Session, User
from common.clock import now
from common.errors import Refusal
from common.models import AuditEntry
from conversations import services as conversations
from messaging import services
from messaging.models import Message, Report
from messaging.moderation import services as moderation
from messaging.wire.writing import NewMessage
from messaging.writing.writer import writer
from notifications.models import Notice, Push
from operations.backups import QUEUE, create, drill
from operations.backups.create import Status
from operations.models import Backup, PersonalExport
from operations.personal_export.create import request_export
from operations.tests.backups.places import KEY
from operations.worker import ChatWorker, requeue_failed

pytestmark = pytest.mark.django_db(transaction=True)

REPORTS = "/admin/messaging/report/"
LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def report(alice, bob) -> Report:
    return moderation.report_user(alice, user_id=bob.id, reason="spam")


@pytest.fixture
def direct(alice, bob):
    place, _ = conversations.open_direct(alice, user_id=bob.id)
    yield place
    writer.stop()


@pytest.fixture
def console(olga) -> Client:
    client = Client()
    client.force_login(olga)
    return client


def press(console: Client, address: str, **form: str) -> str:
    """What the page says after a button."""
    answer = console.post(address, {"_form_submitted": "True", **form})
    return console.get(answer.headers["HX-Redirect"]).content.decode()


def choose(console: Client, address: str, action: str, *rows) -> str:
    """What the page says after an action on these rows of a list."""
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return console.post(address, chosen, follow=True).content.decode()


# --- Decisions ------------------------------------------------------------------------------------------------------
def test_another_decision_is_a_conflict_that_says_what_was_decided(sign_in, olga, report, bob) -> None:
    client = sign_in(olga)
    path = f"/api/v1/moderation/reports/{report.id}/decide/"
    until = {"decision": "suspended", "until": "2099-01-01T00:00:00Z"}
    first = client.post(path, {**until, "reason": "Spam"})

    others = [{"decision": "dismissed"}, {"decision": "banned"}, {**until, "until": "2098-01-01T00:00:00Z"}]
    refused = [client.post(path, body) for body in others]
    again = client.post(path, {**until, "reason": "Spam"})

    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "conflict")] * 3
    for answer in refused:
        assert "suspended until 2099-01-01 00:00 UTC, by olga" in answer.json()["detail"]
    bob.refresh_from_db()
    assert bob.suspended_until.year == 2099
    assert AuditEntry.objects.filter(action="report.decide").count() == 1
    assert Notice.objects.filter(user=bob, kind="warning").count() == 1


def test_the_console_refuses_another_decision_in_words(console, report) -> None:
    page = f"{REPORTS}{report.id}"
    assert "Decided: warned, by olga" in press(console, f"{page}/warn/", reason="Not here")

    refused = press(console, f"{page}/dismiss/")

    assert "This report has already been decided: warned, by olga" in refused
    assert "Decided: dismissed" not in refused
    report.refresh_from_db()
    assert (report.decision, report.decision_reason) == ("warned", "Not here")


def test_the_list_refuses_it_too(console, olga, report) -> None:
    moderation.decide_report(olga, report_id=report.id, decision="warned")

    assert "This report has already been decided: warned" in choose(console, REPORTS, "dismiss", report)


@pytest.mark.parametrize(
    ("before", "said"), [(None, "until an operator restores the account"), (LATER, "until 2099-01-01 00:00 UTC")]
)
def test_who_is_shut_out_is_not_let_in_sooner_by_another_report(
    console, olga, alice, bob, report, direct, before, said
) -> None:
    services.send_message(bob, conversation_id=direct.id, message=NewMessage("Spam"))
    other = moderation.report_message(alice, message_id=Message.objects.get().id, reason="spam")
    moderation.decide_report(olga, report_id=report.id, decision="suspended" if before else "banned", until=before)
    page = f"{REPORTS}{other.id}/suspend/"

    assert f"already suspended for longer, {said}" in press(console, page, until="2098-01-01T00:00")

    bob.refresh_from_db()
    other.refresh_from_db()
    assert (bob.is_active, bob.suspended_until, other.status) == (False, before, "open")
    if before:
        assert "Decided: suspended" in press(console, page, until="2099-02-01T00:00"), "longer it may be"
    else:
        assert "Decided: banned" in press(console, f"{REPORTS}{other.id}/ban/")


@pytest.mark.parametrize("decision", ["warned", "banned"])
def test_nobody_is_said_to_be_warned_who_is_erased(olga, alice, bob, decision) -> None:
    report = moderation.report_user(alice, user_id=bob.id, reason="spam")
    accounts.erase(bob)

    with pytest.raises(Refusal, match="erased"):
        moderation.decide_report(olga, report_id=report.id, decision=decision)
    moderation.decide_report(olga, report_id=report.id, decision="dismissed")


# --- People ---------------------------------------------------------------------------------------------------------
def test_who_is_about_to_be_erased_is_not_said_to_sign_in_again(console, olga, alice) -> None:
    accounts.suspend(olga, alice)
    User.objects.filter(id=alice.id).update(erase_at=now())

    page = press(console, f"/admin/accounts/user/{alice.id}/restore/")

    assert "can sign in again" not in page
    assert "about to be" in page


def test_a_sign_in_that_has_ended_is_not_passed_over(console, alice, sign_in) -> None:
    session = sign_in(alice, device_name="phone").session
    assert "alice: phone was signed out." in choose(console, "/admin/accounts/session/", "end", session)

    assert "alice: phone has already ended." in choose(console, "/admin/accounts/session/", "end", session)
    assert Session.objects.live().count() == 0


# --- What the worker does -------------------------------------------------------------------------------------------
def test_what_did_not_fail_is_not_said_to_run_again(console, alice, sign_in) -> None:
    task = {"task_path": "x", "args_kwargs": {"args": [], "kwargs": {}}}
    failed, ready = (DBTaskResult.objects.create(status=status, **task) for status in ("FAILED", "READY"))

    page = choose(console, "/admin/django_tasks_database/dbtaskresult/", "redrive", failed, ready)

    assert "1 will run again." in page
    assert "1 have not failed" in page

    phone, _ = accounts.register_device(sign_in(alice).session, provider="fcm", token="a token")
    push = Push.objects.create(device=phone, topic=alice.id, kind="security", due_at=now())
    page = choose(console, "/admin/notifications/push/", "redrive", push)
    assert "will be tried again" not in page
    assert "1 were not given up and are still waiting." in page
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["task.redrive", "push.redrive"]


@pytest.fixture
def with_key(settings, tmp_path) -> None:
    settings.BACKUP_KEY, settings.BACKUP_URL, settings.BACKUP_FOLDER = KEY, "", tmp_path / "backups"


def test_a_backup_and_an_export_that_were_given_up_are_made_when_they_run_again(with_key, alice) -> None:
    backup, export = create.request_backup(), request_export(alice)
    for rows in (Backup.objects.unfinished(), PersonalExport.objects.unfinished()):
        rows.give_up(*["Given up."] if rows.model is Backup else [])
    DBTaskResult.objects.update(status="FAILED")

    requeue_failed(DBTaskResult.objects.all())
    _work()

    backup.refresh_from_db()
    export.refresh_from_db()
    assert (backup.status, backup.note, export.status) == (Status.DONE, "", Status.DONE)


def test_one_that_was_given_up_does_not_pass_for_made_beside_another(with_key) -> None:
    create.request_backup()
    Backup.objects.unfinished().give_up("Given up.")
    DBTaskResult.objects.update(status="FAILED")
    Backup.objects.create(status=Status.RUNNING)

    requeue_failed(DBTaskResult.objects.all())
    _work()

    task = DBTaskResult.objects.get()
    assert (task.status, task.exception_class_path.rpartition(".")[2]) == ("READY", "SnapshotError")


def test_there_is_nothing_to_prove_before_there_is_a_backup(console, with_key) -> None:
    page = press(console, "/admin/chatproject/backup/prove/")

    assert "There is no backup to verify yet" in page
    assert "will be verified" not in page
    assert not DBTaskResult.objects.exists()


def test_a_proof_that_runs_may_be_of_an_older_one(olga, with_key) -> None:
    create.create_backup(lambda percent: None)
    drill.request_drill(olga)
    DBTaskResult.objects.update(status="RUNNING")

    drill.request_drill()
    assert DBTaskResult.objects.count() == 1, "nobody asked"
    for _ in range(2):
        drill.request_drill(olga)
    assert DBTaskResult.objects.count() == 2


def _work() -> None:
    worker = ChatWorker()
    while any(worker.run_next(queue) for queue in (None, QUEUE)):
        pass
