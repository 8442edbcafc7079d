"""Decisions about reports: what happens to the message and the user, who is notified, and what is audited."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.at_once import at_once
from common.clock import now
from common.errors import Refusal
from common.models import AuditEntry
from conversations import services as conversations
from conversations.models import Membership
from messaging import services
from messaging.models import Message, Report
from messaging.moderation import services as moderation
from messaging.wire.writing import MessageChange, NewMessage
from notifications.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/admin/messaging/report/"
TOMORROW = timedelta(days=1)


@pytest.fixture
def group(alice, bob, carol):
    """bob owns it, alice and carol are in it."""
    return conversations.create_group(
        bob, name="Friends", description="", member_ids=[alice.id, carol.id], history="all", members_can_invite=False
    )


@pytest.fixture
def message(group, bob) -> Message:
    sent = services.send_message(bob, conversation_id=group.id, message=NewMessage("Buy my watches"))
    assert not sent.duplicate
    return Message.objects.get(conversation=group)


@pytest.fixture
def report(alice, message) -> Report:
    return moderation.report_message(alice, message_id=message.id, reason="spam", comment="Look at this")


def decide(olga, report: Report, decision: str, **more) -> str:
    try:
        moderation.decide_report(olga, report_id=report.id, decision=decision, **more)
    except Refusal as refusal:
        return refusal.code
    return "ok"


def notices(user: User) -> list[tuple[str, dict]]:
    told = Notice.objects.filter(user=user, kind__in=["report", "warning"])
    return [(notice.kind, notice.data) for notice in told.order_by("at")]


def test_one_decision_closes_all_reports_about_the_same_message(alice, carol, bob, olga, message, report):
    other = moderation.report_message(carol, message_id=message.id, reason="abuse")
    person = moderation.report_user(carol, user_id=bob.id, reason="spam")

    assert decide(olga, other, "warned", reason="Not here") == "ok"

    case = Report.objects.filter(message=message)
    assert {(r.status, r.decision, r.decision_reason, r.decided_by_id) for r in case} == {
        ("decided", "warned", "Not here", olga.id)
    }
    assert Report.objects.get(id=person.id).status == "open"
    for reporter in (alice, carol):
        assert notices(reporter) == [("report", {"decision": "upheld"})]
    assert notices(bob) == [("warning", {"decision": "warned", "reason": "Not here", "until": None})]
    entry = AuditEntry.objects.get(action="report.decide")
    assert (entry.actor_id, entry.subject_id, entry.reason) == (olga.id, report.id, "Not here")
    assert (entry.facts["reports"], entry.facts["decision"]) == (2, "warned")


def test_only_the_reporters_are_notified_when_a_report_is_dismissed(alice, bob, olga, report):
    assert decide(olga, report, "dismissed") == "ok"

    assert notices(alice) == [("report", {"decision": "dismissed"})]
    assert notices(bob) == []


def test_deleting_the_message_is_final_and_does_not_name_the_moderator(alice, olga, group, message, report):
    services.add_reaction(alice, message_id=message.id, emoji="\N{THUMBS DOWN SIGN}")

    assert decide(olga, report, "message_deleted") == "ok"

    message.refresh_from_db()
    assert (message.content, message.words, message.reactions) == ("", "", None)
    assert message.deleted_at is not None
    change = group.changes.get(kind="message.deleted")
    assert (change.actor, change.message_id) == (None, message.id)


def test_a_suspended_user_is_signed_out(bob, olga, report, sign_in):
    client, until = sign_in(bob), now() + TOMORROW

    assert decide(olga, report, "suspended") == "invalid", "until when?"
    assert decide(olga, report, "warned", until=until) == "invalid"
    assert decide(olga, report, "suspended", until=until, reason="Spam") == "ok"

    assert client.get("/api/v1/users/me/").status_code == 401
    bob.refresh_from_db()
    assert (bob.is_active, bob.suspended_until) == (False, until)
    assert [entry.action for entry in AuditEntry.objects.order_by("number")] == ["person.suspend", "report.decide"]
    assert notices(bob)[0][1]["decision"] == "suspended"


def test_when_the_last_owner_is_removed_another_member_becomes_owner(bob, olga, group, report):
    assert decide(olga, report, "removed") == "ok"

    roles = Membership.objects.live().filter(conversation=group).values_list("user__username", "role")
    assert sorted(roles) == [("alice", "owner"), ("carol", "member")]
    gone = group.changes.get(kind="member.removed")
    assert (gone.actor, gone.subject) == (None, bob)


def test_invalid_decisions_are_refused(alice, bob, olga):
    direct, _ = conversations.open_direct(alice, user_id=bob.id)
    services.send_message(bob, conversation_id=direct.id, message=NewMessage("Hello"))
    there = moderation.report_message(alice, message_id=Message.objects.get().id, reason="spam")
    person = moderation.report_user(alice, user_id=bob.id, reason="spam")
    mine = moderation.report_user(alice, user_id=olga.id, reason="abuse")

    assert decide(olga, person, "message_deleted") == decide(olga, person, "removed") == "invalid"
    assert decide(olga, there, "removed") == "invalid"
    assert decide(olga, mine, "dismissed") == "not_found", "nobody sees who reported them"
    with pytest.raises(Refusal, match="not_found"):
        moderation.decide_report(olga, report_id=UUID(int=0), decision="dismissed")
    assert Report.objects.open().count() == 3


def test_a_case_is_decided_once_and_a_user_can_be_reported_again(alice, bob, olga):
    report = moderation.report_user(alice, user_id=bob.id, reason="spam")
    answers = [decide(olga, report, decision) for decision in ("warned", "dismissed", "warned")]
    assert answers == ["ok", "conflict", "ok"]

    report.refresh_from_db()
    assert report.decision == "warned"
    assert len(notices(alice)) == len(notices(bob)) == 1
    assert moderation.report_user(alice, user_id=bob.id, reason="spam").id != report.id


def test_of_two_simultaneous_decisions_one_counts(alice, carol, bob, olga, message, report):
    moderation.report_message(carol, message_id=message.id, reason="abuse")
    decisions = iter(["warned", "message_deleted", "removed", "dismissed"] * 2)

    def decide() -> str:
        return moderation.decide_report(olga, report_id=report.id, decision=next(decisions)).decision

    found = at_once(8, decide)

    (settled,) = set(Report.objects.values_list("decision", flat=True))
    assert set(found) == {settled, "conflict"}
    assert found.count(settled) == 2, "of those who wanted something else none is told that it is done"
    assert [len(notices(user)) for user in (alice, carol)] == [1, 1]
    assert len(notices(bob)) == (settled != "dismissed")
    assert AuditEntry.objects.count() == 1


def test_deciding_and_writing_at_once_do_not_deadlock(alice, carol, bob, olga, group, message, report, settings):
    settings.RATE_MESSAGES = "1000/s"
    moderation.create_filter(olga, kind="word", pattern="clocks", action="flag")
    decisions = [
        lambda: moderation.decide_report(olga, report_id=report.id, decision="message_deleted"),
        lambda: services.edit_message(bob, message_id=message.id, change=MessageChange("Clocks @alice @carol")),
        lambda: services.send_message(carol, conversation_id=group.id, message=NewMessage("No clocks @bob")),
        lambda: services.add_reaction(alice, message_id=message.id, emoji="\N{THUMBS DOWN SIGN}"),
    ]
    turns = iter(decisions * 4)

    answers = at_once(16, lambda: next(turns)())

    assert {answer for answer in answers if isinstance(answer, str)} <= {"not_found"}
    message.refresh_from_db()
    assert (message.content, message.reactions) == ("", None)
    assert Report.objects.filter(message__sender=carol).count() == 4


# --- In the console -------------------------------------------------------------------------------------------------
def console(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def press(client: Client, report: Report, button: str, **form: str):
    return client.post(f"{URL}{report.id}/{button}/", {"_form_submitted": "True", **form})


def test_the_page_of_a_report_shows_the_messages_and_is_audited(olga, report, carol):
    services.send_message(carol, conversation_id=report.message.conversation_id, message=NewMessage("No thanks"))

    page = console(olga).get(f"{URL}{report.id}/change/").content.decode()

    assert "Buy my watches" in page
    assert "No thanks" in page
    assert "Look at this" in page
    assert AuditEntry.objects.get().action == "report.read"


@pytest.mark.parametrize(
    ("button", "decision", "form"),
    [
        ("dismiss", "dismissed", {}),
        ("delete-message", "message_deleted", {}),
        ("warn", "warned", {}),
        ("suspend", "suspended", {"until": "2099-01-01T12:00"}),
        ("ban", "banned", {}),
        ("remove", "removed", {}),
    ],
)
def test_each_button_asks_for_a_reason_and_decides(olga, report, button, decision, form):
    client = console(olga)
    assert "reason" in client.get(f"{URL}{report.id}/{button}/").content.decode()

    answer = press(client, report, button, reason="Because", **form)

    assert answer.headers["HX-Redirect"] == f"{URL}{report.id}/change/"
    report.refresh_from_db()
    assert (report.decision, report.decision_reason, report.decided_by) == (decision, "Because", olga)


def test_the_list_has_one_row_per_case_and_dismisses_with_a_reason(olga, carol, message, report):
    moderation.report_message(carol, message_id=message.id, reason="abuse")
    client = console(olga)
    assert client.get(URL).content.decode().count("_selected_action") == 1

    client.post(URL, {"action": "dismiss", "_selected_action": [report.pk], "reason": "A joke"})

    assert set(Report.objects.values_list("decision", "decision_reason")) == {("dismissed", "A joke")}


def test_without_the_permission_no_one_reads_or_decides(carol, report):
    carol.is_staff = True
    carol.save()

    assert press(console(carol), report, "dismiss").status_code == 403
    assert b"watches" not in console(carol).get(f"{URL}{report.id}/change/").content
    assert press(Client(), report, "dismiss").status_code == 302
    report.refresh_from_db()
    assert report.status == "open"


def test_pages_ask_the_same_number_of_queries_however_many_reports(olga, alice, bob, carol):
    client = console(olga)
    moderation.report_user(alice, user_id=bob.id, reason="spam")
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    for reporter, person in ((alice, carol), (bob, alice), (carol, bob)):
        moderation.report_user(reporter, user_id=person.id, reason="spam")
    with CaptureQueriesContext(connection) as more:
        client.get(URL)

    assert len(more) == len(one)
    assert not any("COUNT(*)" in query["sql"] and "WHERE" not in query["sql"] for query in more)
