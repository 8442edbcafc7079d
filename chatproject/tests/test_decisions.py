"""Deciding about reports in the console; whoever reported is told."""

import pytest
from django.test import Client

from messaging import services
from messaging.models import Report

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/admin/messaging/report/"


@pytest.fixture
def report(alice, bob) -> Report:
    return services.report_person(alice, user_id=bob.id, reason="spam", comment="Look at this")


def decide(user, action: str, report: Report):
    client = Client()
    client.force_login(user)
    return client.post(URL, {"action": action, "_selected_action": [report.pk]})


@pytest.mark.parametrize(("action", "decision"), [("uphold", "upheld"), ("dismiss", "dismissed")])
def test_a_decision_is_told_to_whoever_reported_and_to_nobody_else(sign_in, alice, bob, olga, report, action, decision):
    assert decide(olga, action, report).status_code == 302

    report.refresh_from_db()
    assert (report.status, report.decision, report.decided_by) == ("decided", decision, olga)
    (notice,) = sign_in(alice).get("/api/v1/notifications/").json()["results"]
    assert (notice["kind"], notice["data"], notice["actor"]) == ("report", {"decision": decision}, None)
    assert sign_in(bob).get("/api/v1/notifications/").json()["results"] == []


def test_it_is_decided_once(alice, bob, olga, report):
    decide(olga, "uphold", report)
    decide(olga, "dismiss", report)

    report.refresh_from_db()
    assert report.decision == "upheld"
    assert services.report_person(alice, user_id=bob.id, reason="spam").id != report.id, "and may be reported again"


def test_nobody_without_the_right_decides(alice, bob, report):
    bob.is_staff = True
    bob.save()

    assert decide(bob, "dismiss", report).status_code == 403

    report.refresh_from_db()
    assert report.status == "open"
