"""Decisions about reports. One decision closes all open reports about the same message, or about the same user if they
name no message. The reporters are notified, and so is the user, with the reason."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from accounts import services as accounts
from accounts.models import User
from common import audit
from common.action_limits import limited
from common.clock import now, rfc3339
from common.errors import Refusal, invalid, not_found
from conversations.models import Conversation
from conversations.services import remove_by_operator
from messaging.models import Message, Report
from messaging.services.edit import empty_message
from notifications.models import Notice
from notifications.services import notify

Decision = Report.Decision
ON_MESSAGES = {Decision.MESSAGE_DELETED, Decision.REMOVED}
SUSPENSIONS = {Decision.SUSPENDED, Decision.BANNED}
ON_USERS = {Decision.WARNED, *SUSPENSIONS}
EXTRA_PERMISSIONS = dict.fromkeys(SUSPENSIONS, "accounts.suspend_user")
"""The permission that a decision needs besides `decide_report`."""


@limited("RATE_STAFF")
def decide_report(
    actor: User, *, report_id: UUID, decision: str, reason: str = "", until: datetime | None = None
) -> Report:
    """Decide about the case of a report, finally. `until` is when a suspension ends. Repeating a decision changes
    nothing.

    Refuses `conflict` if something else was decided, or if it would shorten a suspension; `not_found`, also for a
    report about the actor; `invalid` if the decision makes no sense here; and `permission_denied` for a suspension or
    ban without that permission, and for everything but dismissing if the user does not rank below the actor."""
    reports = Report.objects.visible_to(actor).select_related("message__conversation", "person")
    report = reports.filter(id=report_id).first()
    if report is None:
        raise not_found()
    if report.status != Report.Status.OPEN:
        return _decided_report(report_id, decision, until)
    _refuse_invalid_decision(actor, report, decision, until)
    with transaction.atomic():
        conversation = _lock_conversation(report)
        case = list(Report.objects.open().same_case_as(report).select_for_update(of=("self",)))
        if report in case:
            _lock_users(case)
            if conversation:
                _apply_to_conversation(conversation, report, decision)
            _close_case(actor, case, decision, reason, until)
            _notify_reporters_and_subject(case, decision, reason, until)
            if decision in SUSPENSIONS and report.person:
                _refuse_shorter_suspension(report.person, until)
                accounts.suspend(actor, report.person, until=until, reason=reason)
            _record_in_audit_log(actor, case, decision, reason, until)
    return _decided_report(report_id, decision, until)


def _decided_report(report_id: UUID, decision: str, until: datetime | None) -> Report:
    """The decided report. Refuses `conflict` if something else was decided, even at the same moment."""
    report = Report.objects.select_related("decided_by").get(id=report_id)
    if (report.decision, report.decided_until) != (decision, until):
        raise Refusal("conflict", f"This report has already been decided: {report.verdict}.")
    return report


def _refuse_invalid_decision(actor: User, report: Report, decision: str, until: datetime | None) -> None:
    if report.person and decision != Decision.DISMISSED:
        accounts.refuse_unless_outranks(actor, report.person)
    if (needed := EXTRA_PERMISSIONS.get(Decision(decision))) and not actor.has_perm(needed):
        raise Refusal("permission_denied", "You need the permission to suspend users for this decision.")
    if decision in ON_USERS and (report.person is None or report.person.erased_at):
        raise invalid("decision", "This account has been erased, so you cannot warn, suspend or ban it.")
    if decision in ON_MESSAGES and report.message is None:
        raise invalid("decision", "This report is not about a message. Choose another decision.")
    if decision == Decision.REMOVED and report.message and report.message.conversation.is_direct:
        raise invalid("decision", "Users cannot be removed from a direct conversation. Choose another decision.")
    if decision == Decision.SUSPENDED and (until is None or until <= now()):
        raise invalid("until", "Enter when the suspension ends. It must be in the future.", "required")
    if decision != Decision.SUSPENDED and until:
        raise invalid("until", "Leave this empty: only a suspension has an end.")


def _refuse_shorter_suspension(person: User, until: datetime | None) -> None:
    """Refuse (`conflict`) to shorten a suspension from another report. The user's row is locked."""
    person.refresh_from_db(fields=["is_active", "suspended_until"])
    end = person.suspended_until
    if until and not person.is_active and (end is None or end > until):
        longer = f"until {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if end else "until an operator restores the account"
        raise Refusal("conflict", f"{person} is already suspended for longer, {longer}.")


def _lock_conversation(report: Report) -> Conversation | None:
    """Lock the conversation of the reported message, before anything else is locked, as everywhere."""
    if report.message is None:
        return None
    return Conversation.objects.locked(report.message.conversation_id).get()


def _lock_users(case: list[Report]) -> None:
    """Lock all affected users at once, because the steps that follow lock some of them each."""
    notices = Notice.objects.filter(message_id=case[0].message_id) if case[0].message_id else Notice.objects.none()
    notified = set(notices.values_list("user_id", flat=True))
    involved = {id_ for report in case for id_ in (report.reporter_id, report.person_id) if id_}
    User.objects.lock_all(notified | involved)


def _apply_to_conversation(conversation: Conversation, report: Report, decision: str) -> None:
    """Delete the message or remove the user, if that was decided and the conversation still exists."""
    if conversation.deleted_at:
        return
    if decision == Decision.MESSAGE_DELETED:
        message = Message.objects.shown().filter(reports=report, deleted_at__isnull=True).first()
        if message:
            message.conversation = conversation
            empty_message(conversation, None, message)
    elif decision == Decision.REMOVED and report.person:
        remove_by_operator(conversation, report.person)


def _close_case(actor: User, case: list[Report], decision: str, reason: str, until: datetime | None) -> None:
    ids = [report.id for report in case]
    Report.objects.filter(id__in=ids).update(
        status=Report.Status.DECIDED,
        decision=decision,
        decision_reason=reason,
        decided_until=until,
        decided_by=actor,
        decided_at=now(),
    )


def _notify_reporters_and_subject(case: list[Report], decision: str, reason: str, until: datetime | None) -> None:
    for report in Report.objects.filter(id__in=[one.id for one in case], reporter__isnull=False).order_by("id"):
        data = {"decision": report.outcome}
        notify([report.reporter], Notice.Kind.REPORT, subject_id=report.id, data=data)  # type: ignore[list-item]
    person = case[0].person
    if person and decision != Decision.DISMISSED and not person.erased_at:
        warning = {"decision": decision, "reason": reason, "until": rfc3339(until) if until else None}
        notify([person], Notice.Kind.WARNING, subject_id=case[0].id, data=warning)


def _record_in_audit_log(actor: User, case: list[Report], decision: str, reason: str, until: datetime | None) -> None:
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
