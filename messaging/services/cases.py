"""Reading what was reported, with the messages around it: who looks is written down.

What only a filter has reported, nobody has shown to the staff: of that message a case has the words that the filter
met, and the rest for who may read transcripts, with a reason.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from chatproject.common import audit
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.limited import limited
from conversations.models import Membership
from messaging.filters import words_met
from messaging.models import Message, MessageQuerySet, Report, Revision

NEEDED_TO_OPEN, REASON_SIZE = "messaging.read_transcript", 10
AROUND = 5
"""Messages that are shown on each side."""


class Case(NamedTuple):
    """A report with all that belong to it. `message` is what they name, `past` what it said before, and `before` and
    `after` what stands around it: all of it without what is end to end, and of what is around only what somebody who
    reported could see. `met` are the words that a filter met, where nobody has reported it and it was not opened."""

    report: Report
    complaints: list[Report]
    message: Message | None = None
    past: Sequence[Revision] = ()
    before: Sequence[Message] = ()
    after: Sequence[Message] = ()
    met: Sequence[str] = ()


@limited("RATE_STAFF")
def read_case(actor: User, *, report_id: UUID) -> Case:
    """What was reported, for whoever decides. Refuses `not_found`."""
    return _read(actor, report_id, "report.read")


@limited("RATE_STAFF")
def open_case(actor: User, *, report_id: UUID, reason: str) -> Case:
    """The same with all that the message says, also where only a filter has reported it. Refuses `not_found`,
    `permission_denied` for who may not read transcripts, and `invalid` without a reason that says something."""
    if not actor.has_perm(NEEDED_TO_OPEN):
        raise Refusal("permission_denied", "Your rights do not reach this.")
    if len(reason.strip()) < REASON_SIZE:
        raise invalid("reason", f"Say why, in {REASON_SIZE} characters at least.")
    return _read(actor, report_id, "report.open", reason)


def _read(actor: User, report_id: UUID, action: str, reason: str = "") -> Case:
    with transaction.atomic():
        report = Report.objects.visible_to(actor).counted().filter(id=report_id).first()
        if report is None:
            raise not_found()
        case = _case(report, is_opened=bool(reason))
        audit.record(
            action,
            actor_id=actor.id,
            subject="report",
            subject_id=report.id,
            reason=reason,
            message_id=report.message_id,
            person_id=report.person_id,
        )
    return case


def _case(report: Report, *, is_opened: bool) -> Case:
    complaints = list(Report.objects.case_of(report).select_related("reporter"))
    named = Message.objects.filter(reports=report).values("id")
    message = Message.objects.shown().select_related("conversation").filter(id__in=named).first()
    if message is None or message.conversation.is_e2ee:
        return Case(report, complaints)
    if not is_opened and not any(one.reporter_id for one in complaints):
        return Case(report, complaints, met=words_met(message.content, complaints))
    around = _in_sight_of(complaints, message)
    before = list(around.filter(seq__lt=message.seq).order_by("-seq")[:AROUND])[::-1]
    after = list(around.filter(seq__gt=message.seq).order_by("seq")[:AROUND])
    past = list(Revision.objects.filter(message=message).order_by("id"))
    return Case(report, complaints, message, past, before, after)


def _in_sight_of(complaints: list[Report], message: Message) -> MessageQuerySet:
    """What at least one of those who reported could see in the message's conversation; of a filter nothing."""
    reporters = [one.reporter_id for one in complaints if one.reporter_id]
    seen = Q(pk__in=[])
    for member in Membership.objects.filter(conversation=message.conversation_id, user__in=reporters):
        gone = Q(created_at__lte=member.left_at) if member.left_at else Q()
        seen |= Q(seq__gt=member.visible_from_seq) & gone
    return Message.objects.shown().filter(seen, conversation=message.conversation_id)
