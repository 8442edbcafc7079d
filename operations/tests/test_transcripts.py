"""Reading what others said, and what the staff did: who may, with which reason, and what is written down of it."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from common import audit
from common.models import AuditEntry
from conversations import services as conversations
from messaging import services
from messaging.models import Message
from messaging.wire.writing import NewMessage
from messaging.writing.writer import writer

pytestmark = pytest.mark.django_db(transaction=True)
REASON = {"reason": "A report says that threats were made here."}


@pytest.fixture
def place(alice, bob, settings):
    settings.RATE_MESSAGES = "1000/s"
    place, _ = conversations.open_direct(alice, user_id=bob.id)
    for n in range(3):
        services.send_message(alice, conversation_id=place.id, message=NewMessage(f"secret {n}"))
    yield place
    writer.stop()


def console(user, *permissions: str) -> Client:
    type(user).objects.filter(id=user.id).update(is_staff=True)
    user = type(user).objects.get(id=user.id)
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def page_of(place) -> str:
    return f"/admin/transcripts/{place.id}/"


def test_a_transcript_takes_the_permission_and_a_reason_and_is_written_down(carol, place) -> None:
    reader = console(carol, "read_transcript")

    asked = reader.get(page_of(place))
    hasty = reader.post(page_of(place), {"reason": "curious"})
    assert b"secret" not in asked.content + hasty.content
    assert not AuditEntry.objects.exists()
    shown = reader.post(page_of(place), REASON)

    assert b"secret 0" in shown.content
    assert b"secret 2" in shown.content
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.subject_id) == ("transcript.read", carol.id, place.id)
    assert (entry.reason, entry.facts, entry.origin) == (REASON["reason"], {"first": 1, "last": 3}, "127.0.0.1")


def test_nobody_else_reads_it(api, alice, carol, place, monkeypatch) -> None:
    for client in (Client(), console(carol, "view_message", "view_conversation")):
        answer = client.post(page_of(place), REASON)
        assert answer.status_code in (302, 403)
        assert b"secret" not in answer.content
    assert not AuditEntry.objects.exists()


def test_older_ones_are_asked_for_and_written_down_again(carol, place, monkeypatch) -> None:
    monkeypatch.setattr("operations.transcripts.PAGE_SIZE", 2)
    reader = console(carol, "read_transcript")

    newest = reader.post(page_of(place), REASON)
    older = reader.post(page_of(place), {**REASON, "before": newest.context["before"]})

    assert (b"secret 0" in newest.content, b"secret 2" in newest.content) == (False, True)
    assert (b"secret 0" in older.content, b"secret 2" in older.content) == (True, False)
    assert [entry.facts["first"] for entry in AuditEntry.objects.order_by("number")] == [2, 1]


def test_what_is_written_is_shown_as_text(alice, carol, place) -> None:
    services.send_message(alice, conversation_id=place.id, message=NewMessage("<script>alert(1)</script>"))

    shown = console(carol, "read_transcript").post(page_of(place), REASON)

    assert b"<script>alert" not in shown.content
    assert b"&lt;script&gt;alert" in shown.content


def test_the_list_of_messages_has_no_texts(carol, place) -> None:
    client = console(carol, "view_message")

    listed = client.get("/admin/messaging/message/")
    one = client.get(f"/admin/messaging/message/{Message.objects.first().id}/change/")

    assert (listed.status_code, one.status_code) == (200, 200)
    assert b"alice" in listed.content
    assert b"secret" not in listed.content + one.content


@pytest.mark.parametrize(
    "path",
    ["messaging/message", "common/auditentry", "accounts/user", "accounts/session", "conversations/conversation"],
)
def test_lists_ask_as_little_when_there_is_much(alice, olga, person, sign_in, place, path) -> None:
    client = Client()
    client.force_login(olga)

    def grow() -> None:
        for _ in range(5):
            somebody = person(f"member-{User.objects.count()}")
            sign_in(somebody)
            conversations.open_direct(alice, user_id=somebody.id)
            services.send_message(alice, conversation_id=place.id, message=NewMessage("more"))
            audit.record("person.suspend", actor_id=olga.id, subject="person", subject_id=alice.id)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/admin/{path}/").status_code == 200
        assert not [query for query in queries if "COUNT(" in query["sql"].upper()]
        return len(queries)

    grow()
    before = asked()
    grow()
    assert asked() == before


def test_the_audit_log_is_searched_and_exported_and_not_changed(olga, alice) -> None:
    for reason in ("spam", "threats"):
        audit.record("person.suspend", actor_id=olga.id, subject="person", subject_id=alice.id, reason=reason)
    client = Client()
    client.force_login(olga)
    path = "/admin/common/auditentry/"

    found = client.get(f"{path}?q=threats")
    exported = client.post(path, {"action": "export", "_selected_action": ["1", "2"]})
    changed = client.post(f"{path}1/change/", {"reason": "none"})

    assert (b"threats" in found.content, b">spam<" in found.content) == (True, False)
    lines = [json.loads(line) for line in b"".join(exported.streaming_content).splitlines()]
    assert [line["reason"] for line in lines] == ["spam", "threats"]
    assert lines[0]["hash"] == AuditEntry.objects.get(number=1).hash
    assert changed.status_code == 403
    assert client.post(f"{path}1/delete/", {"post": "yes"}).status_code == 403
