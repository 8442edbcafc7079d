"""`moderation/`: permissions, the queue, cases, and that each endpoint does what it says."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client as Console

from accounts.models import User
from common.clock import now, rfc3339
from common.models import AuditEntry
from conversations import services as conversations
from conversations.models import Membership
from messaging import services
from messaging.models import Message, Report
from messaging.moderation import services as moderation
from messaging.wire.writing import MessageChange, NewMessage

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "/api/v1/moderation/"


@pytest.fixture
def group(alice, bob):
    return conversations.create_group(
        alice, name="Friends", description="", member_ids=[bob.id], history="joined", members_can_invite=False
    )


def write(sender: User, group, text: str) -> Message:
    services.send_message(sender, conversation_id=group.id, message=NewMessage(text))
    return Message.objects.filter(conversation=group).latest("seq")


def allow(user: User, *names: str) -> User:
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


@pytest.fixture
def endpoints(alice, bob, group) -> list[tuple[str, str, dict | None, str]]:
    """Every door with the permission it needs."""
    message = write(alice, group, "Hello")
    report = moderation.report_message(bob, message_id=message.id, reason="spam")
    missing = "01a1fc8b-d32f-7745-9d14-ed4ffae45015"
    return [
        ("GET", "reports/", None, "decide_report"),
        ("GET", f"reports/{report.id}/", None, "decide_report"),
        ("POST", f"reports/{report.id}/decide/", {"decision": "dismissed"}, "decide_report"),
        ("POST", f"reports/{report.id}/open/", {"reason": "To see what was meant"}, "decide_report"),
        ("POST", f"people/{bob.id}/suspend/", {}, "suspend_user"),
        ("POST", f"people/{bob.id}/restore/", {}, "suspend_user"),
        ("POST", f"people/{bob.id}/end-sessions/", {}, "end_user_sessions"),
        ("POST", f"people/{bob.id}/resend-code/", {"purpose": "reset_password"}, "resend_user_code"),
        ("PATCH", f"conversations/{group.id}/", {"is_read_only": True}, "moderate_conversation"),
        ("GET", "filters/", None, "change_filter"),
        ("POST", "filters/", {"kind": "word", "pattern": "spam", "action": "flag"}, "change_filter"),
        ("POST", "filters/test/", {"text": "Spam"}, "change_filter"),
        ("POST", "filters/preview/", {"kind": "word", "pattern": "spam"}, "change_filter"),
        ("PATCH", f"filters/{missing}/", {}, "change_filter"),
        ("DELETE", f"filters/{missing}/", None, "change_filter"),
    ]


def call(client, method: str, path: str, body: dict | None):
    return getattr(client, method.lower())(f"{BASE}{path}", body)


def test_users_find_nothing_and_staff_needs_the_permission(sign_in, endpoints, carol, person):
    member = sign_in(person("member-1"))
    for method, path, body, _ in endpoints:
        answer = call(member, method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    needed = {permission for *_, permission in endpoints}
    for permission in needed:
        client = sign_in(allow(carol, *(needed - {permission})))
        for method, path, body, needs in endpoints:
            if needs == permission:
                assert call(client, method, path, body).status_code == 403, path
    assert AuditEntry.objects.count() == 0

    for method, path, body, permission in endpoints:
        client = sign_in(allow(carol, permission, *(["read_transcript"] if path.endswith("open/") else [])))
        answer = call(client, method, path, body)
        assert answer.status_code in ((404, 204) if "01a1fc8b" in path else (200, 201, 202)), (path, answer.content)


def test_suspending_needs_its_own_permission(sign_in, carol, alice, bob):
    report = moderation.report_user(alice, user_id=bob.id, reason="spam")
    client = sign_in(allow(carol, "decide_report"))

    for body in ({"decision": "banned"}, {"decision": "suspended", "until": "2099-01-01T00:00:00Z"}):
        assert client.post(f"{BASE}reports/{report.id}/decide/", body).status_code == 403

    assert User.objects.get(id=bob.id).is_active


def test_the_queue_has_one_row_per_case_the_open_ones_first(sign_in, olga, alice, bob, carol, group):
    message = write(alice, group, "Hello")
    conversations.add_members(Membership.objects.of(alice, group.id), user_ids=[carol.id])
    newer = write(alice, group, "Hello again")
    first = moderation.report_message(bob, message_id=message.id, reason="spam", comment="Look")
    both = [moderation.report_message(user, message_id=newer.id, reason="abuse") for user in (bob, carol)]
    person = moderation.report_user(carol, user_id=alice.id, reason="other")
    moderation.decide_report(olga, report_id=first.id, decision="warned", reason="Not here")
    client = sign_in(olga)

    page = client.get(f"{BASE}reports/?limit=2").json()
    rest = client.get(page["next"]).json()

    rows = [*page["results"], *rest["results"]]
    assert [(row["id"], row["reports"], row["status"]) for row in rows] == [
        (str(both[0].id), 2, "open"),
        (str(person.id), 1, "open"),
        (str(first.id), 1, "decided"),
    ]
    assert rest["next"] is None
    assert (rows[0]["message_id"], rows[0]["conversation_id"]) == (str(newer.id), str(group.id))
    assert rows[0]["person"]["username"] == "alice"
    assert (rows[2]["decision"], rows[2]["decision_reason"]) == ("warned", "Not here")
    assert rows[2]["decided_by"]["username"] == "olga"
    assert [row["id"] for row in client.get(f"{BASE}reports/?status=decided").json()["results"]] == [str(first.id)]
    assert client.get(f"{BASE}reports/?status=lost").json()["code"] == "invalid"


def test_a_case_shows_the_messages_around_that_the_reporter_could_see(sign_in, settings, olga, alice, carol, group):
    settings.RATE_MESSAGES = "100/s"
    write(alice, group, "Long ago")
    conversations.add_members(Membership.objects.of(alice, group.id), user_ids=[carol.id])
    texts = [f"{n}" for n in range(3)]
    for text in texts:
        write(alice, group, text)
    named = write(alice, group, "Awful")
    services.edit_message(alice, message_id=named.id, change=MessageChange("Awful, a little"))
    for n in range(3, 10):
        write(alice, group, f"{n}")
    report = moderation.report_message(carol, message_id=named.id, reason="abuse", comment="See")

    shown = sign_in(olga).get(f"{BASE}reports/{report.id}/").json()

    assert [one["content"] for one in shown["before"]] == texts, "nothing from before she came"
    assert [one["content"] for one in shown["after"]] == ["3", "4", "5", "6", "7"]
    assert shown["message"]["content"] == "Awful, a little"
    assert [one["content"] for one in shown["past"]] == ["Awful"]
    assert [(one["reporter"]["username"], one["comment"]) for one in shown["complaints"]] == [("carol", "See")]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.subject_id) == ("report.read", olga.id, report.id)


def test_a_case_shows_no_messages_from_after_the_reporter_left(sign_in, olga, alice, bob, group):
    named = write(alice, group, "Awful")
    report = moderation.report_message(bob, message_id=named.id, reason="abuse")
    conversations.leave(Membership.objects.of(bob, group.id))
    write(alice, group, "At last")

    assert sign_in(olga).get(f"{BASE}reports/{report.id}/").json()["after"] == []


@pytest.fixture
def flagged(olga, alice, group) -> Report:
    """A message that a filter has reported, and nobody else."""
    moderation.create_filter(olga, kind="word", pattern="watch*", action="flag")
    write(alice, group, "Hello")
    write(alice, group, "My secret is: cheap Watches")
    return Report.objects.get()


def test_a_case_of_a_filter_shows_only_the_matching_words(sign_in, carol, flagged):
    moderator = sign_in(allow(carol, "decide_report"))

    answer = moderator.get(f"{BASE}reports/{flagged.id}/")

    shown = answer.json()
    assert (shown["met"], shown["message"]) == (["watches"], None)
    assert shown["past"] == shown["before"] == shown["after"] == []
    assert [(one["reporter"], one["comment"]) for one in shown["complaints"]] == [(None, "Filter: watch*")]
    assert "secret" not in answer.content.decode()
    refused = moderator.post(f"{BASE}reports/{flagged.id}/open/", {"reason": "I would like to know"})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


def test_opening_a_case_needs_a_permission_and_a_reason_and_is_audited(sign_in, carol, flagged):
    client = sign_in(allow(carol, "decide_report", "read_transcript"))
    path = f"{BASE}reports/{flagged.id}/open/"
    assert client.post(path, {"reason": "why not"}).json()["errors"][0]["field"] == "reason"
    assert client.post(path, {"reason": " " * 20}).json()["errors"][0]["field"] == "reason"

    shown = client.post(path, {"reason": "To tell an advertisement from a joke"}).json()

    assert (shown["message"]["content"], shown["before"], shown["after"]) == ("My secret is: cheap Watches", [], [])
    entry = AuditEntry.objects.get(action="report.open")
    assert (entry.actor_id, entry.subject_id) == (carol.id, flagged.id)
    assert entry.reason == "To tell an advertisement from a joke"


def test_once_a_member_reports_it_too_the_case_shows_what_they_saw(sign_in, carol, bob, flagged):
    moderation.report_message(bob, message_id=flagged.message_id, reason="spam")

    shown = sign_in(allow(carol, "decide_report")).get(f"{BASE}reports/{flagged.id}/").json()

    assert (shown["message"]["content"], shown["met"]) == ("My secret is: cheap Watches", [])
    assert [one["content"] for one in shown["before"]] == ["Hello"]


def test_moderators_do_not_see_reports_about_themselves(sign_in, alice, carol, olga):
    about_carol = moderation.report_user(alice, user_id=carol.id, reason="abuse", comment="From alice")
    client = sign_in(allow(carol, "decide_report", "view_report"))
    path = f"{BASE}reports/{about_carol.id}/"

    assert client.get(f"{BASE}reports/").json()["results"] == []
    for answer in (client.get(path), client.post(f"{path}decide/", {"decision": "dismissed"})):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    console = Console()
    console.force_login(carol)
    queue = "/admin/messaging/report/"
    for page in (queue, f"{queue}?q=alice", f"{queue}{about_carol.id}/change/"):
        assert "From alice" not in console.get(page, follow=True).content.decode(), page
    assert sign_in(olga).get(path).json()["complaints"][0]["comment"] == "From alice"


def test_a_case_shows_no_end_to_end_encrypted_messages(sign_in, olga, alice, bob):
    sealed = conversations.create_group(
        alice,
        name="Sealed",
        description="",
        member_ids=[bob.id],
        history="all",
        members_can_invite=False,
        encryption="e2ee",
    )
    message = Message.objects.create(
        conversation=sealed,
        seq=9,
        number=1,
        changed_seq=9,
        sender=alice,
        client_id="1",
        body_hash=b"",
        envelope={"x": 1},
    )
    report = moderation.report_message(bob, message_id=message.id, reason="abuse")

    shown = sign_in(olga).get(f"{BASE}reports/{report.id}/").json()

    assert (shown["message"], shown["before"], shown["after"], shown["past"]) == (None, [], [], [])
    assert shown["message_id"] == str(message.id)


def test_users_are_suspended_and_restored(sign_in, olga, bob):
    client, until = sign_in(olga), rfc3339(now() + timedelta(days=1))

    shut = client.post(f"{BASE}people/{bob.id}/suspend/", {"until": until, "reason": "Spam"}).json()
    again = client.post(f"{BASE}people/{bob.id}/restore/", {}).json()

    assert shut == {"id": str(bob.id), "username": "bob", "is_active": False, "suspended_until": until}
    assert again == {**shut, "is_active": True, "suspended_until": None}
    assert client.post(f"{BASE}people/{bob.id}/suspend/", {"until": "2099-01-01T00:00:00"}).json()["code"] == "invalid"
    assert client.post(f"{BASE}people/{bob.id}/resend-code/", {}).json()["code"] == "conflict"
    sign_in(bob)
    assert client.post(f"{BASE}people/{bob.id}/end-sessions/", {}).json() == {"sessions_ended": 1}


def test_filters_are_listed_changed_tried_and_deleted(sign_in, olga):
    client = sign_in(olga)
    body = {"kind": "word", "pattern": "Spam", "action": "flag", "note": "As ever"}

    made = client.post(f"{BASE}filters/", body).json()
    assert (made["pattern"], made["is_active"]) == ("spam", True)
    assert client.post(f"{BASE}filters/", body).status_code == 409
    changed = client.patch(f"{BASE}filters/{made['id']}/", {"action": "block"}).json()
    assert client.get(f"{BASE}filters/").json()["results"] == [changed]
    met = [{"pattern": "spam", "action": "block"}]
    assert client.post(f"{BASE}filters/test/", {"text": "SPAM"}).json() == {"action": "block", "met": met}
    for _ in range(2):
        assert client.delete(f"{BASE}filters/{made['id']}/").status_code == 204
    assert client.post(f"{BASE}filters/test/", {"text": "SPAM"}).json() == {"action": None, "met": []}
