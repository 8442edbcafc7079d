"""Deciding about what was reported. One decision settles all open reports about the same message, or, where none is
named, about the same person; whoever reported is told, and so is the person, of what happened and why."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from accounts import services as accounts
from accounts.models import User
from chatproject.common import audit
from chatproject.common.clock import now, rfc3339
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.limited import limited
from conversations.models import Conversation
from conversations.services import take_out
from messaging.models import Message, Report
from messaging.services.change import empty_message
from notifications.models import Notice
from notifications.services import notify

Decision = Report.Decision
ON_MESSAGES = {Decision.MESSAGE_DELETED, Decision.REMOVED}
SHUTTING_OUT = {Decision.SUSPENDED, Decision.BANNED}
ON_PEOPLE = {Decision.WARNED, *SHUTTING_OUT}
NEEDED_BESIDES = dict.fromkeys(SHUTTING_OUT, "accounts.suspend_user")
"""The permission that a decision takes besides the one to decide."""


@limited("RATE_STAFF")
def decide_report(
    actor: User, *, report_id: UUID, decision: str, reason: str = "", until: datetime | None = None
) -> Report:
    """Decide about a report and all that belong to it, for good. `until` is when a suspension ends. Repeating a
    decision changes nothing.

    Refuses `conflict` for another one than was decided, or for one that lets in sooner who is shut out; `not_found`,
    also for a report about oneself; `invalid` for what makes no sense here; and `permission_denied` for shutting out
    without the right to, and for all but dismissing where the person is not below the actor."""
    reports = Report.objects.visible_to(actor).select_related("message__conversation", "person")
    report = reports.filter(id=report_id).first()
    if report is None:
        raise not_found()
    if report.status != Report.Status.OPEN:
        return _decided(report_id, decision, until)
    _refuse(actor, report, decision, until)
    with transaction.atomic():
        conversation = _lock(report)
        case = list(Report.objects.open().case_of(report).select_for_update(of=("self",)))
        if report in case:
            _lock_people(case)
            if conversation:
                _act_there(conversation, report, decision)
            _settle(actor, case, decision, reason, until)
            _tell(case, decision, reason, until)
            if decision in SHUTTING_OUT and report.person:
                _refuse_letting_in_sooner(report.person, until)
                accounts.suspend(actor, report.person, until=until, reason=reason)
            _record(actor, case, decision, reason, until)
    return _decided(report_id, decision, until)


def _decided(report_id: UUID, decision: str, until: datetime | None) -> Report:
    """The report, decided. Refuses `conflict` where something else was decided, however little earlier."""
    report = Report.objects.select_related("decided_by").get(id=report_id)
    if (report.decision, report.decided_until) != (decision, until):
        raise Refusal("conflict", f"This was decided before: {report.verdict}.")
    return report


def _refuse(actor: User, report: Report, decision: str, until: datetime | None) -> None:
    if report.person and decision != Decision.DISMISSED:
        accounts.refuse_unless_above(actor, report.person)
    if (needed := NEEDED_BESIDES.get(Decision(decision))) and not actor.has_perm(needed):
        raise Refusal("permission_denied", "Your rights do not reach this.")
    if decision in ON_PEOPLE and (report.person is None or report.person.erased_at):
        raise invalid("decision", "This account is erased: nobody can be warned or shut out.")
    if decision in ON_MESSAGES and report.message is None:
        raise invalid("decision", "This report names no message.")
    if decision == Decision.REMOVED and report.message and report.message.conversation.is_direct:
        raise invalid("decision", "Nobody is removed from a direct conversation.")
    if decision == Decision.SUSPENDED and (until is None or until <= now()):
        raise invalid("until", "Until when? A moment to come is needed.", "required")
    if decision != Decision.SUSPENDED and until:
        raise invalid("until", "Only a suspension has an end.")


def _refuse_letting_in_sooner(person: User, until: datetime | None) -> None:
    """Somebody else may have shut them out for longer, for another report. They are locked."""
    person.refresh_from_db(fields=["is_active", "suspended_until"])
    end = person.suspended_until
    if until and not person.is_active and (end is None or end > until):
        longer = f"until {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if end else "until an operator restores the account"
        raise Refusal("conflict", f"{person} is shut out for longer already, {longer}.")


def _lock(report: Report) -> Conversation | None:
    """The conversation is locked before anything else, as by everybody."""
    if report.message is None:
        return None
    return Conversation.objects.locked(report.message.conversation_id).get()


def _lock_people(case: list[Report]) -> None:
    """All at once: what follows locks some of them each."""
    told = Notice.objects.filter(message_id=case[0].message_id) if case[0].message_id else Notice.objects.none()
    people = set(told.values_list("user_id", flat=True))
    named = {id_ for report in case for id_ in (report.reporter_id, report.person_id) if id_}
    User.objects.lock_all(people | named)


def _act_there(conversation: Conversation, report: Report, decision: str) -> None:
    """What the decision does to the message or in its conversation. Nothing where that is over already."""
    if conversation.deleted_at:
        return
    if decision == Decision.MESSAGE_DELETED:
        message = Message.objects.shown().filter(reports=report, deleted_at__isnull=True).first()
        if message:
            message.conversation = conversation
            empty_message(conversation, None, message)
    elif decision == Decision.REMOVED and report.person:
        take_out(conversation, report.person)


def _settle(actor: User, case: list[Report], decision: str, reason: str, until: datetime | None) -> None:
    ids = [report.id for report in case]
    Report.objects.filter(id__in=ids).update(
        status=Report.Status.DECIDED,
        decision=decision,
        decision_reason=reason,
        decided_until=until,
        decided_by=actor,
        decided_at=now(),
    )


def _tell(case: list[Report], decision: str, reason: str, until: datetime | None) -> None:
    for report in Report.objects.filter(id__in=[one.id for one in case], reporter__isnull=False).order_by("id"):
        data = {"decision": report.outcome}
        notify([report.reporter], Notice.Kind.REPORT, subject_id=report.id, data=data)  # type: ignore[list-item]
    person = case[0].person
    if person and decision != Decision.DISMISSED and not person.erased_at:
        said = {"decision": decision, "reason": reason, "until": rfc3339(until) if until else None}
        notify([person], Notice.Kind.WARNING, subject_id=case[0].id, data=said)


def _record(actor: User, case: list[Report], decision: str, reason: str, until: datetime | None) -> None:
    first = case[0]
    audit.record(
        "report.decide",
        actor_id=actor.id,
        subject="report",
        subject_id=first.id,
        reason=reason,
        decision=decision,
        until=until,
        reports=len(case),
        message_id=first.message_id,
        person_id=first.person_id,
    )
