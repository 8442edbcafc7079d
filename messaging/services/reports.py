"""Asking the operators to look at something, and what they decide."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from chatproject.common import limits
from chatproject.common.clock import now
from chatproject.common.errors import invalid, not_found
from messaging.models import Message, Report
from notifications.models import Notice
from notifications.services import notify

RATE = "20/h;100/d"


def report_message(actor: User, *, message_id: UUID, reason: str, comment: str = "") -> Report:
    """Report a message that the actor may see; once, repeating it changes nothing. Refuses `not_found`, `invalid` for
    an own one, `rate_limited`."""
    message = Message.objects.visible_to(actor).filter(id=message_id, deleted_at__isnull=True).first()
    if message is None:
        raise not_found()
    if message.sender_id == actor.id:
        raise invalid("id", "This message is your own.")
    return _report(actor, message=message, person=message.sender, reason=reason, comment=comment)


def report_person(actor: User, *, user_id: UUID, reason: str, comment: str = "") -> Report:
    """Report a person; once while it is open. Refuses `not_found`, `invalid` for oneself, `rate_limited`."""
    if user_id == actor.id:
        raise invalid("id", "You cannot report yourself.")
    person = User.objects.active().filter(id=user_id).first()
    if person is None:
        raise not_found()
    return _report(actor, message=None, person=person, reason=reason, comment=comment)


def decide_report(actor: User, *, report_id: UUID, decision: Report.Decision) -> Report:
    """Decide about a report, for good, and tell whoever reported. Deciding it again changes nothing."""
    with transaction.atomic():
        report = Report.objects.select_for_update(of=("self",)).select_related("reporter").get(id=report_id)
        if report.status == Report.Status.OPEN:
            report.status, report.decision = Report.Status.DECIDED, decision
            report.decided_by, report.decided_at = actor, now()
            report.save()
            notify([report.reporter], Notice.Kind.REPORT, subject_id=report.id, data={"decision": decision})
    return report


def _report(actor: User, *, message: Message | None, person: User, reason: str, comment: str) -> Report:
    about = {"reporter": actor, "message": message, "person": person}
    if message is None:
        about["status"] = Report.Status.OPEN  # type: ignore[assignment]
    known = Report.objects.filter(**about).first()
    if known:
        return known
    limits.spend(RATE, f"reports:{actor.pk}")
    report, _ = Report.objects.get_or_create(**about, defaults={"reason": reason, "comment": comment})
    return report
