"""Mails: written to files by default, sent by the worker if there is a mail server; no code is ever logged."""

import email
import email.policy
import logging
import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from accounts import services
from accounts.models import OneTime, Registration
from accounts.services import mails, one_time
from common.clock import now
from conftest import PASSWORD

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]

CAROL = "carol@example.org"
MAILS = Path(configured.BASE_DIR, "templates", "mail")


@pytest.fixture
def outbox(settings, tmp_path):
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return settings.EMAIL_FILE_PATH


@pytest.fixture
def mail_server(settings):
    """As with EMAIL_URL: mails go out through the worker."""
    settings.EMAIL_FILE_PATH = None


def work():
    """What the worker does with what is queued."""
    for row in DBTaskResult.objects.filter(status="READY"):
        row.task.call(*row.args_kwargs["args"], **row.args_kwargs["kwargs"])
        row.delete()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_each_mail_is_a_file_that_is_there_with_the_answer(outbox, registered, capsys, monkeypatch, is_terminal):
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    registered("carol")

    (path,) = outbox.iterdir()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    code = re.search(r"\b\d{6}\b", message.get_content())[0]
    assert (message["To"], message["Subject"]) == (CAROL, "Your code for chatproject")
    assert (code in capsys.readouterr().err) is is_terminal
    assert path.stat().st_mode & 0o077 == 0
    assert services.verify(email=CAROL, code=code).user.username == "carol"


def test_files_sort_by_time_and_stay_in_their_folder(outbox, api, settings):
    settings.RATE_OTP = "100/m"
    addresses = [f"d{n}@example.org" for n in range(5)] + ["a/b/c@example.org"]
    for n, address in enumerate(addresses):
        services.register(email=address, username=f"carol{n}", password=PASSWORD)

    names = sorted(path.name for path in outbox.iterdir())

    assert [name.split("-", 1)[1] for name in names[:5]] == [f"{address}.eml" for address in addresses[:5]]
    assert len(names) == 6
    assert sorted(path.name for path in outbox.parent.iterdir()) == ["mail"]


def test_umlauts_stay_readable_in_the_file(outbox, settings, registered):
    settings.SITE_NAME = "Plauder-Häuschen"

    registered("dörte", email=CAROL)

    text = next(outbox.iterdir()).read_text()
    assert 'account "dörte"' in text
    assert "Plauder-Häuschen" in text


def test_with_a_mail_server_the_worker_sends_and_no_code_lies_in_the_queue(mail_server, registered, mailbox):
    registered("carol")
    assert mail.outbox == []
    assert not OneTime.objects.exists()
    queued = str(DBTaskResult.objects.values_list("args_kwargs").get())

    work()

    assert mailbox.code(CAROL) not in queued
    assert services.verify(email=CAROL, code=mailbox.code(CAROL)).user.username == "carol"


def test_a_task_that_runs_twice_sends_a_code_that_serves(mail_server, registered, mailbox):
    registered("carol")
    row = DBTaskResult.objects.get()
    work()
    row.task.call(*row.args_kwargs["args"])

    assert len(mailbox.to(CAROL)) == 2
    assert services.verify(email=CAROL, code=mailbox.code(CAROL))


def test_a_mail_for_a_registration_that_is_over_is_not_written(mail_server, registered, mailbox):
    registered("carol")
    work()
    registered("member-1", email=CAROL, password="the battery of another")
    services.verify(email=CAROL, code=mailbox.code(CAROL))

    work()

    assert len(mailbox.to(CAROL)) == 1


def test_a_mail_without_recipient_is_queued_like_any_other(mail_server, api, registered):
    registered("carol")
    DBTaskResult.objects.all().delete()

    for address in (CAROL, "nobody@example.org"):
        api.post("/api/v1/auth/otp/resend/", {"email": address})

    assert DBTaskResult.objects.count() == 2
    work()
    assert [message.to for message in mail.outbox] == [[CAROL]]


def test_asking_for_a_code_costs_the_same_for_known_and_unknown(mail_server, api, registered):
    registered("carol")
    counts = []
    for address in (CAROL, "nobody@example.org"):
        with CaptureQueriesContext(connection) as queries:
            api.post("/api/v1/auth/otp/resend/", {"email": address})
        counts.append([query["sql"].split()[0] for query in queries])

    assert counts[0] == counts[1]
    assert "INSERT" in counts[0]


def test_nothing_is_sent_when_the_transaction_fails(alice):
    with transaction.atomic():
        mails.send_notice(alice, mails.KNOWN_EMAIL)
        transaction.set_rollback(True)

    assert mail.outbox == []


@pytest.mark.parametrize("kind", sorted(path.stem for path in MAILS.glob("*.txt")))
def test_every_mail_says_what_it_is_for(alice, kind, mailbox):
    alice.erase_at = now()
    alice.save()
    with transaction.atomic():
        one_time.set_code_address(alice, OneTime.Purpose.CHANGE_EMAIL, "alice@example.org")
    whose = alice
    if kind == OneTime.Purpose.VERIFY_EMAIL:
        alice.delete()
        whose = Registration.objects.create(email="alice@example.org", username="alice", username_key="alice")

    mails.write_mail(kind, str(whose.id), "alice@example.org")

    (message,) = mailbox.to("alice@example.org")
    assert "chatproject" in message.subject
    assert '"alice"' in message.body
    assert ("{{" in message.body, "{%" in message.body) == (False, False)


def test_no_log_line_holds_a_code_a_password_or_a_token(api, registered, mailbox):
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    try:
        registered("carol")
        code = mailbox.code(CAROL)
        api.post("/api/v1/auth/verify/", {"email": CAROL, "code": "x"})
        answer = api.post("/api/v1/auth/verify/", {"email": CAROL, "code": code}).json()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {answer['access']}")
        ticket = api.post("/api/v1/auth/ws-ticket/").json()["ticket"]
        api.post("/api/v1/auth/refresh/", {"refresh": answer["refresh"]})
    finally:
        logging.getLogger().removeHandler(handler)

    log = stream.getvalue()
    assert "auth/verify" in log
    for secret in (code, PASSWORD, answer["access"], answer["refresh"], ticket):
        assert secret not in log
